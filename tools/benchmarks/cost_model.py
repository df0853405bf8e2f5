"""Estimate the cost of a sequence for more images and processes, by a model of measured steps.

Example:
    python tools/benchmarks/step_price.py --tasks 2 3 5 10 --times times.json
    python tools/benchmarks/cost_model.py --times times.json --out docs/performance.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.cost_report import report
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.analysis.benchmarks.turns import read_turns
from mmlhl.analysis.cost_model import Link
from mmlhl.command_line import Parser, amount, count
from mmlhl.config_files import read_config
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--times", type=Path, required=True, help="file that step_price.py wrote by its --times"
    )
    parser.add_argument(
        "--config", default="configs/had/rooms_seg_depth_normal.py", help="config that was timed"
    )
    parser.add_argument("--batch", type=count, default=4, help="images per step in the timing")
    parser.add_argument(
        "--speed", type=amount, default=100, help="speed of the processor, in measured cores"
    )
    parser.add_argument(
        "--bandwidth", type=amount, default=10, help="bandwidth between processes, GB/s"
    )
    parser.add_argument(
        "--latency", type=amount, default=20, help="latency of a message, microseconds"
    )
    parser.add_argument(
        "--overlap",
        type=amount,
        default=0.5,
        help="share of the backward pass that hides communication",
    )
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Fit, compare, extrapolate."""
    args = parse_args(argv)
    init_default_scope("mmseg")
    link = Link(1e9 * args.bandwidth, 1e-6 * args.latency, args.overlap)
    command = (
        f"python tools/benchmarks/cost_model.py --times times.json --speed {args.speed:g} "
        f"--bandwidth {args.bandwidth:g} --latency {args.latency:g} --overlap {args.overlap:g}"
    )
    cfg = read_config(args.config)
    text = report(read_turns(args.times), cfg, args.batch, args.speed, link, command)
    print(text)
    if args.out:
        write_section(args.out, "cost model", text)


if __name__ == "__main__":
    run_command(main)
