"""Count the parameters and FLOPs of a model: in total, by task, and by phase.

Examples:
    python tools/analysis_tools/get_flops.py configs/had/rooms_seg_depth_normal.py --shape 96 128
    python tools/analysis_tools/get_flops.py work_dirs/demo/phase_3_normal/normal.pth
"""

import argparse
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg is named in plain words

# isort: split
from mmengine.registry import init_default_scope
from rich.console import Console

from mmlhl.analysis.complexity import build, measure, measure_phases, phase_sheet, task_sheet
from mmlhl.analysis.formats import to_markdown, to_rich
from mmlhl.analysis.sheet import Sheet
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, add_override_argument, config_file, count
from mmlhl.engine.phases.checking.top_keys import overridden
from mmlhl.files import write_text
from mmlhl.inference import load_model
from mmlhl.inference.loading import CONFIG_ENDINGS
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument("model", help="config file, or checkpoint that carries its config")
    parser.add_argument(
        "--shape",
        type=count,
        nargs=2,
        default=(512, 512),
        metavar=("H", "W"),
        help="height and width of the image in pixels",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="also write the tables to this Markdown file"
    )
    add_override_argument(parser)
    add_trust_argument(parser)
    args = parser.parse_args(argv)
    if args.out is not None and args.out.suffix != ".md":
        parser.error(f"--out {args.out}: the name must end in .md")
    args.is_config = args.model.lower().endswith(CONFIG_ENDINGS)
    if args.is_config:
        args.model = config_file(args.model)
    elif args.cfg_options:
        parser.error("--cfg-options changes a config; a checkpoint brings its own")
    return args


def sheets_of(args: argparse.Namespace) -> list[Sheet]:
    """Measure the model of the command line."""
    shape = tuple(args.shape)
    init_default_scope("mmseg")
    if not args.is_config:
        with checkpoint_trust(args.trust_checkpoint):
            return [task_sheet(measure(load_model(args.model, device="cpu").model, shape))]
    cfg = overridden(args.model, args.cfg_options)
    if "phases" not in cfg:
        return [task_sheet(measure(build(cfg), shape))]
    phases = measure_phases(cfg, shape)
    return [task_sheet(phases[-1][-1]), phase_sheet(phases)]


def main(argv: list[str] | None = None) -> None:
    """Measure, print and write."""
    args = parse_args(argv)
    sheets = sheets_of(args)
    console = Console()
    for sheet in sheets:
        console.print(to_rich(sheet))
        console.print()
    if args.out is not None:
        write_text(args.out, "\n".join(map(to_markdown, sheets)))
        console.print(f"Wrote {args.out}.")


if __name__ == "__main__":
    run_command(main)
