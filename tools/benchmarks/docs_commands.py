"""Run the commands of README and docs/ to their end in a tiny workspace, and list the results.

Example:
    python tools/benchmarks/docs_commands.py --out docs/results/docs_commands.md
"""

import argparse
import json
import re
import tempfile
from pathlib import Path

import mmlhl

# isort: split
import mmlhl.inference
import mmlhl.models  # noqa: F401  imported once for all commands
from mmlhl.analysis.benchmarks.docs_commands import page, run_all
from mmlhl.analysis.benchmarks.docs_workspace import make_workspace
from mmlhl.analysis.benchmarks.running import OUT_HELP, commit, write_section
from mmlhl.analysis.benchmarks.shown_commands import shown_commands
from mmlhl.command_line import Parser
from mmlhl.files import write_text
from mmlhl.paths import shipped_dir
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument("--only", help="run only the commands that this regular expression finds")
    parser.add_argument(
        "--record",
        type=Path,
        default=Path("docs/results/runs/docs_commands.json"),
        help="file of the outcomes, from which the table is made; --only replaces its part of them",
    )
    parser.add_argument("--keep", type=Path, help="the workspace (default: a temporary one)")
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Run the commands, store the results and write the table."""
    args = parse_args(argv)
    root = shipped_dir("tools").parent
    known: dict = {}
    if args.record.is_file():
        known = json.loads(args.record.read_text(encoding="utf-8"))["outcomes"]
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as notes:
        commands = shown_commands(root, Path(notes))
        place = (args.keep or Path(scratch)).absolute()
        if not place.is_dir() or not any(place.iterdir()):
            make_workspace(place)
        chosen = {c: pages for c, pages in commands.items() if re.search(args.only or "", c)}
        for command, pages in chosen.items():  # stored one by one, so that Ctrl-C loses nothing
            known.update(run_all({command: pages}, place, print))
            found = {c: known[c] for c in commands if c in known}
            facts = dict(commit=commit(), outcomes=found)
            write_text(args.record, json.dumps(facts, indent=1) + "\n")
    if args.out:
        write_section(args.out, "docs_commands", page(found, facts["commit"]))
    failed = [name for name, each in found.items() if each["failure"]]
    if failed:
        raise SystemExit(f"{len(failed)} commands fail: " + "; ".join(failed))


if __name__ == "__main__":
    run_command(main)
