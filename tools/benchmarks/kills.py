"""Kill small sequences at random moments, resume them, compare with ones that were not killed.

It tries five methods, one and two processes, loops by epochs and by iterations, with workers,
accumulated gradients and averaged weights; see mmlhl/analysis/benchmarks/kill_campaign.py. If the
command is repeated, earlier kills are counted.

Examples:
    python tools/benchmarks/kills.py --kills 60 --out docs/results/kills.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmlhl.analysis.benchmarks.kill_campaign import campaign, report
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.command_line import Parser, count
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("--kills", type=count, default=60, help="number of kills")
    parser.add_argument(
        "--work-dir", type=Path, default=Path("work_dirs/kills"), help="folder for all sequences"
    )
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Kill, resume, compare, report."""
    args = parse_args(argv)
    args.work_dir.mkdir(parents=True, exist_ok=True)
    outcomes = campaign(args.work_dir.resolve(), args.kills)
    text = report(outcomes, f"python tools/benchmarks/kills.py --kills {args.kills}")
    print(text)
    if args.out:
        write_section(args.out, "kills", text)
    if any(outcome.differences for outcome in outcomes):
        raise SystemExit(1)


if __name__ == "__main__":
    run_command(main)
