"""Try random configs: each must take a training step, or be refused by our own error before one.

This is the long form of tests/bad_inputs/test_fuzz.py, which needs a checkout with its test extra.
If a config does neither, the smallest such config is printed.

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
    """Run the tests."""
    args = parse_args(argv)
    os.environ["MMLHL_FUZZ"] = str(args.examples)
    options = [str(TESTS), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    raise SystemExit(pytest.main([*options, "--hypothesis-show-statistics"]))


if __name__ == "__main__":
    run_command(main)
