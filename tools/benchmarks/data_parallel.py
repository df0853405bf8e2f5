"""Compare the data-parallel efficiency of HAD and naive training, in CPU processes over gloo.

Example:
    python tools/benchmarks/data_parallel.py --tasks 3 --out docs/performance.md
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.data_parallel import gradient_bytes, measure, report
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.analysis.benchmarks.step_models import workload
from mmlhl.command_line import Parser, count
from mmlhl.config_files import read_config
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument(
        "--config", default="configs/had/rooms_seg_depth_normal.py", help="config of the network"
    )
    parser.add_argument(
        "--tasks", type=count, default=3, help="number of tasks, of which the last is new"
    )
    parser.add_argument("--processes", type=count, default=2, help="number of processes")
    parser.add_argument("--batch", type=count, default=2, help="images per step and process")
    parser.add_argument(
        "--size",
        type=count,
        nargs=2,
        default=[96, 128],
        metavar=("H", "W"),
        help="pixels of an image",
    )
    parser.add_argument("--rounds", type=count, default=5, help="times that each step is measured")
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Measure and report."""
    args = parse_args(argv)
    given = " ".join(sys.argv[1:] if argv is None else argv).split("--out")[0]
    cfg = read_config(args.config)
    turns = measure(cfg, args.tasks, args.batch, args.size, args.rounds, args.processes)
    what = (
        f"{args.config}, {args.tasks} tasks, {args.batch} images of {args.size[0]}x{args.size[1]} "
        "per step and process"
    )
    command = f"python tools/benchmarks/data_parallel.py {given}".strip()
    init_default_scope("mmseg")
    sizes = gradient_bytes(workload(cfg, args.tasks, 1, args.size))
    text = report(turns, sizes, what, args.processes, command)
    print(text)
    if args.out:
        write_section(args.out, "data parallel", text)


if __name__ == "__main__":
    run_command(main)
