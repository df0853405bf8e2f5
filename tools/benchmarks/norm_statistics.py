"""Test old tasks of finished sequences with the batch statistics of their own phase.

Examples:
    python tools/benchmarks/norm_statistics.py work_dirs/lwf work_dirs/naive
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmlhl.analysis.benchmarks.norm_statistics import measure, report
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.command_line import Parser
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("work_dirs", nargs="+", type=Path, help="work dirs of finished sequences")
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Test and report."""
    args = parse_args(argv)
    folders = " ".join(str(path) for path in args.work_dirs)
    command = f"python tools/benchmarks/norm_statistics.py {folders}"
    text = report([measure(path) for path in args.work_dirs], command)
    print(text)
    if args.out:
        write_section(args.out, "norm statistics", text)


if __name__ == "__main__":
    run_command(main)
