"""Write a report on one or several runs, as a self-contained HTML page and as Markdown.

Examples:
    python tools/analysis_tools/report.py work_dirs/demo
    python tools/analysis_tools/report.py work_dirs/had --naive work_dirs/naive --strips 3
    python tools/analysis_tools/report.py work_dirs "no SG=work_dirs/had_no_sg" --out all.html
"""

import argparse
from pathlib import Path

import mmlhl  # noqa: F401  first, so that a missing mmseg gets a clear message

# isort: split
from mmlhl.analysis.arguments import add_metrics_argument
from mmlhl.analysis.report import write_report
from mmlhl.analysis.report.writing import NO_STRIPS
from mmlhl.checkpoints import add_trust_argument, checkpoint_trust
from mmlhl.command_line import Parser, whole
from mmlhl.refusals import run_command


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    parser.add_argument(
        "records",
        nargs="+",
        metavar="[LABEL=]DIR",
        help="work dir, lifelong.json, or a folder with such files below; LABEL renames the method",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="HTML page to write, with the Markdown beside it (default: report.html in the "
        "work dir; for several runs, in the current folder)",
    )
    parser.add_argument("--naive", metavar="DIR", help="work dir of naive training to compare with")
    parser.add_argument(
        "--strips",
        type=whole,
        default=0,
        metavar="N",
        help="predict N test images with the checkpoint of every phase",
    )
    parser.add_argument("--title", help="heading of the page")
    add_metrics_argument(parser)
    add_trust_argument(parser)
    args = parser.parse_args(argv)
    if args.out is None:
        only = Path(args.records[0])
        one = len(args.records) == 1 and (only / "lifelong.json").is_file()
        args.out = (only if one else Path()) / "report.html"
    return args


def main(argv: list[str] | None = None) -> None:
    """Read the records and write the report."""
    args = parse_args(argv)
    with checkpoint_trust(args.trust_checkpoint):
        page, twin = write_report(
            args.records, args.out, args.naive, args.strips, args.title, args.metrics
        )
    print(f"Wrote {page} and {twin}" + ("" if args.strips else f". {NO_STRIPS}"))


if __name__ == "__main__":
    run_command(main)
