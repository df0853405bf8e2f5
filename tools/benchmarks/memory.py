"""Measure the memory of a training step, an evaluation or a long sequence, on Linux and a CPU.

Examples:
    python tools/benchmarks/memory.py steps --tasks 3 10 --out docs/performance.md
    python tools/benchmarks/memory.py evaluation --images 1000 --size 1024 2048 --classes 19
    python tools/benchmarks/memory.py sequence --phases 10
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.memory import evaluation_report, sequence_report, step_report
from mmlhl.analysis.benchmarks.running import OUT_HELP, write_section
from mmlhl.command_line import Parser, count
from mmlhl.config_files import read_config
from mmlhl.refusals import run_command

CONFIG = "configs/had/rooms_seg_depth_normal.py"


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = Parser(__doc__)
    parser.add_argument(
        "what", choices=("steps", "evaluation", "sequence"), help="what to measure the memory of"
    )
    parser.add_argument("--config", default=CONFIG, help="steps: config of the network")
    parser.add_argument(
        "--tasks", type=count, nargs="+", default=[3, 10], help="steps: numbers of tasks"
    )
    parser.add_argument("--batch", type=count, default=4, help="steps: images per step")
    parser.add_argument("--images", type=count, default=1000, help="evaluation: number of images")
    parser.add_argument(
        "--size",
        type=count,
        nargs=2,
        metavar=("H", "W"),
        help="pixels of an image (default: 96 128; evaluation: 1024 2048)",
    )
    parser.add_argument("--classes", type=count, default=19, help="evaluation: number of classes")
    parser.add_argument("--phases", type=count, default=10, help="sequence: number of phases")
    parser.add_argument("--out", type=Path, help=OUT_HELP)
    args = parser.parse_args(argv)
    args.size = args.size or ([1024, 2048] if args.what == "evaluation" else [96, 128])
    return args


def main(argv: list[str] | None = None) -> None:
    """Measure and report."""
    args = parse_args(argv)
    given = " ".join(sys.argv[1:] if argv is None else argv).split(" --out")[0]
    command = f"python tools/benchmarks/memory.py {given}"
    init_default_scope("mmseg")
    torch.set_num_threads(1)
    if args.what == "steps":
        cfg = read_config(args.config)
        text = step_report(cfg, args.config, args.tasks, args.batch, args.size, command)
    elif args.what == "evaluation":
        text = evaluation_report(args.images, args.size, args.classes, command)
    else:
        text = sequence_report(args.phases, command)
    print(text)
    if args.out:
        write_section(args.out, f"memory of {args.what}", text)


if __name__ == "__main__":
    run_command(main)
