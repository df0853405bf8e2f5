"""Measure memory, open files and threads of a process over a long sequence of phases.

Examples:
    python tools/benchmarks/phases.py --phases 20 --out docs/results/kills.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmlhl.analysis.benchmarks.phase_resources import report, trace
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.command_line import Parser, count
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("--phases", type=count, default=20, help="number of phases")
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train, measure, report."""
    args = parse_args(argv)
    text = report(trace(args.phases), f"python tools/benchmarks/phases.py --phases {args.phases}")
    print(text)
    if args.out:
        write_section(args.out, "phases", text)


if __name__ == "__main__":
    run_command(main)
