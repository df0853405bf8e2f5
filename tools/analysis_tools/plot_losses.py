"""Plot the losses of a sequence over its phases, one panel per task.

Example:
    python tools/analysis_tools/plot_losses.py work_dirs/rooms_seg_depth_normal --out losses.png
"""

import argparse
from pathlib import Path

from mmlhl.analysis.plot_style import save_figure
from mmlhl.analysis.training_curves import loss_curves, read_losses
from mmlhl.command_line import Parser, count
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument("work_dir", type=Path, help="work dir of a sequence")
    parser.add_argument(
        "--out", type=Path, required=True, help="picture to write: .png, .pdf or .svg"
    )
    parser.add_argument(
        "--smooth", type=count, default=1, help="draw the mean over this many logged values"
    )
    parser.add_argument("--log", action="store_true", help="logarithmic axis of losses")
    args = parser.parse_args(argv)
    if args.out.suffix not in (".png", ".pdf", ".svg"):
        parser.error(f"--out {args.out}: the name must end in .png, .pdf or .svg")
    return args


def main(argv: list[str] | None = None) -> None:
    """Read the logs and write the picture."""
    args = parse_args(argv)
    picture = loss_curves(read_losses(args.work_dir), args.smooth, args.log)
    save_figure(picture, args.out)
    print(f"Wrote {args.out}")


if __name__ == "__main__":
    run_command(main)
