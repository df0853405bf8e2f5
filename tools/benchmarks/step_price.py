"""Measure the CPU time of a training step by method and number of tasks, relative to a minimum.

Steps take turns, so that ratios are reliable even on a machine with other load.

Example:
    python tools/benchmarks/step_price.py --tasks 2 4 6 8 10 --out docs/performance.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.analysis.benchmarks.step_price import measure, report
from mmlhl.analysis.benchmarks.turns import add_turns
from mmlhl.command_line import Parser, config_file, count
from mmlhl.config_files import read_config
from mmlhl.refusals import run_command

DEFAULTS = dict(
    config="configs/had/rooms_seg_depth_normal.py", batch=4, size=[96, 128], device="cpu"
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument("--config", type=config_file, help="config of the network")
    parser.add_argument(
        "--tasks", type=count, nargs="+", default=[2, 3, 5, 10], help="numbers of tasks"
    )
    parser.add_argument("--batch", type=count, help="images per step")
    parser.add_argument(
        "--size", type=count, nargs=2, metavar=("H", "W"), help="pixels of an image"
    )
    parser.add_argument("--rounds", type=count, default=7, help="times that each step is measured")
    parser.add_argument("--threads", type=count, default=1, help="threads of torch on a CPU")
    parser.add_argument("--device", help="where to compute, 'cpu' or 'cuda'")
    parser.add_argument(
        "--times",
        type=Path,
        help="JSON file to which the times are added, so that several calls add up",
    )
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    parser.set_defaults(**DEFAULTS)
    args = parser.parse_args(argv)
    if min(args.tasks) < 2:
        parser.error("--tasks: a step has a new task and old ones, so at least 2")
    return args


def main(argv: list[str] | None = None) -> None:
    """Measure and report."""
    args = parse_args(argv)
    init_default_scope("mmseg")
    torch.set_num_threads(args.threads)
    found = measure(
        read_config(args.config), args.tasks, args.batch, args.size, args.rounds, args.device
    )
    what = f"{args.config}, {args.batch} images of {args.size[0]}x{args.size[1]}"
    found = add_turns(args.times, found, f"{what}, {args.device}")
    command = "python tools/benchmarks/step_price.py --tasks " + " ".join(sorted(found, key=int))
    for name in ("config", "batch", "size", "device"):
        value = getattr(args, name)
        if value != DEFAULTS[name]:
            shown = " ".join(map(str, value)) if name == "size" else value
            command += f" --{name} {shown}"
    text = report(found, what, command, args.device)
    print(text)
    if args.out:
        write_section(args.out, "step price", text)


if __name__ == "__main__":
    run_command(main)
