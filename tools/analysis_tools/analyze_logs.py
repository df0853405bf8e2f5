"""Draw the logged metrics, losses and learning rates of one or several trainings.

Examples:
    python tools/analysis_tools/analyze_logs.py work_dirs/demo --out curves.png
    python tools/analysis_tools/analyze_logs.py work_dirs/a work_dirs/b --keys mIoU --out m.png
"""

import argparse
from pathlib import Path

from mmlhl.analysis.log_curves import choose_keys, draw, read_run
from mmlhl.analysis.plot_style import save_figure
from mmlhl.command_line import Parser
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument("logs", nargs="+", help="work dirs, or scalars.json files")
    parser.add_argument(
        "--keys", nargs="+", help="what to draw, such as seg/mIoU loss lr (default: metrics)"
    )
    parser.add_argument("--legend", nargs="+", help="one name per log (default: its path)")
    parser.add_argument("--title", help="title of the picture")
    parser.add_argument(
        "--out", type=Path, required=True, help="picture to write: .png, .pdf or .svg"
    )
    args = parser.parse_args(argv)
    if args.out.suffix not in (".png", ".pdf", ".svg"):
        parser.error(f"--out {args.out}: the name must end in .png, .pdf or .svg")
    if args.legend and len(args.legend) != len(args.logs):
        parser.error(f"--legend has {len(args.legend)} names for {len(args.logs)} logs")
    return args


def main(argv: list[str] | None = None) -> None:
    """Read the logs and write the picture."""
    args = parse_args(argv)
    runs = [read_run(log) for log in args.logs]
    for run, name in zip(runs, args.legend or args.logs, strict=True):
        run.name = name
    keys = choose_keys(runs, args.keys)
    picture = draw(runs, keys)
    if args.title:
        picture.suptitle(args.title)
    save_figure(picture, args.out)
    print(f"Wrote {args.out}: {', '.join(keys)}")


if __name__ == "__main__":
    run_command(main)
