"""Run every bad input of the tests, and write a table of messages and seconds.

The inputs are those of tests/bad_inputs; this command needs a checkout with its test extra.

Examples:
    python tools/benchmarks/bad_inputs.py --out docs/results/bad_inputs.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mmlhl.analysis.benchmarks.bad_inputs import Collector, table
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.command_line import Parser
from mmlhl.refusals import run_command

TESTS = Path(__file__).resolve().parents[2] / "tests" / "bad_inputs" / "test_bad_inputs.py"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Run the tests and write the table."""
    args = parse_args(argv)
    collector = Collector()
    options = [str(TESTS), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    code = pytest.main(options, plugins=[collector])
    text = table(collector.refusals, "python tools/benchmarks/bad_inputs.py")
    print(text)
    if code or collector.failed:
        raise SystemExit(f"{len(collector.failed)} test(s) failed; the table was not written")
    if args.out:
        write_section(args.out, "bad inputs", text)


if __name__ == "__main__":
    run_command(main)
