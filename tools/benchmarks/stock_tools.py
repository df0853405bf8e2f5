"""Run mmseg's own tools on a tiny sequence, in one or several environments, and list what works.

Example:
    python tools/benchmarks/stock_tools.py --stack maintained=python --out table.md
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmlhl.analysis.benchmarks.running import OUT_HELP, commit, write_section
from mmlhl.analysis.stock_tools import page, try_tools
from mmlhl.command_line import Parser
from mmlhl.files import write_text
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--stack",
        nargs="+",
        default=[],
        metavar="NAME=PYTHON",
        help="environments to try, by name and interpreter",
    )
    parser.add_argument(
        "--records",
        type=Path,
        default=Path("docs/results/runs/stock_tools"),
        help="folder for the outcomes, one file per environment; the table shows all of them",
    )
    parser.add_argument(
        "--keep", type=Path, help="folder for the tools' output (default: a temporary one)"
    )
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    args = parser.parse_args(argv)
    for stack in args.stack:
        name, _, python = stack.partition("=")
        if not name or shutil.which(python) is None:
            parser.error(f"--stack {stack}: expected NAME=PYTHON with an interpreter that exists")
    return args


def main(argv: list[str] | None = None) -> None:
    """Try the tools, store the results and write the table."""
    args = parse_args(argv)
    for stack in args.stack:
        name, _, python = stack.partition("=")
        print(f"{name}:")
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(args.keep or scratch) / name
            found = try_tools(shutil.which(python) or python, place.absolute(), print)
        found["commit"] = commit()
        write_text(args.records / f"{name}.json", json.dumps(found, indent=1) + "\n")
    files = sorted(args.records.glob("*.json"), reverse=True)
    if not files:
        raise SystemExit(f"stock_tools: {args.records} has no outcomes; give a --stack")
    stacks = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    commits = ", ".join(dict.fromkeys(facts["commit"] for facts in stacks.values()))
    shown = " ".join(f"{name}=PYTHON" for name in stacks)
    command = f"python tools/benchmarks/stock_tools.py --stack {shown}"
    text = page(stacks, command, commits)
    print(text)
    if args.out:
        write_section(args.out, "stock_tools", text)


if __name__ == "__main__":
    run_command(main)
