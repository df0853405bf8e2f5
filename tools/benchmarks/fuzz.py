"""Try configs at random: each takes a training step, or is refused by an error of ours before one.

The long form of tests/bad_inputs/test_fuzz.py, which needs a checkout with its test extra. Ends
with the smallest config that does neither.

Examples:
    python tools/benchmarks/fuzz.py --examples 3000
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from mmlhl.command_line import Parser, count
from mmlhl.refusals import run_command

TESTS = Path(__file__).resolve().parents[2] / "tests" / "bad_inputs" / "test_fuzz.py"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("--examples", type=count, default=1000, help="configs of each kind")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Try them."""
    args = parse_args(argv)
    os.environ["MMLHL_FUZZ"] = str(args.examples)
    options = [str(TESTS), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    raise SystemExit(pytest.main([*options, "--hypothesis-show-statistics"]))


if __name__ == "__main__":
    run_command(main)
