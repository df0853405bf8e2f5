"""Compare the records of any number of sequences: gain, ranks, forgetting and cost.

Examples:
    python tools/analysis_tools/compare.py work_dirs
    python tools/analysis_tools/compare.py work_dirs/naive work_dirs/had "no SG=work_dirs/had_no_sg"
    python tools/analysis_tools/compare.py work_dirs --metrics all --out tables.csv tables.md
"""

import argparse
from pathlib import Path

from rich.console import Console

from mmlhl.analysis.arguments import add_record_arguments, comparison_of
from mmlhl.analysis.formats import to_csv, to_latex, to_markdown, to_rich
from mmlhl.analysis.sheet import Sheet
from mmlhl.command_line import Parser, amount
from mmlhl.files import write_text
from mmlhl.refusals import run_command

TABLES = ("summary", "final", "forgetting", "phases")
FORMATS = (".csv", ".md", ".tex")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    add_record_arguments(parser)
    parser.add_argument(
        "--tables",
        nargs="+",
        choices=TABLES,
        default=list(TABLES),
        help="tables to make (default: all)",
    )
    parser.add_argument(
        "--pairing",
        choices=("mean", "seed"),
        default="mean",
        help="references are the mean over their seeds ('mean'), or the run of the same seed",
    )
    parser.add_argument(
        "--min-span",
        type=amount,
        default=0.0,
        metavar="PERCENT",
        help="for the position, leave out metrics in which joint beats naive by less than this",
    )
    parser.add_argument(
        "--out",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        help="also write the tables to these files: .csv, .md, .tex",
    )
    args = parser.parse_args(argv)
    for path in args.out:
        if path.suffix not in FORMATS:
            parser.error(f"--out {path}: the name must end in one of {', '.join(FORMATS)}")
    return args


def for_screen(sheet: Sheet) -> list[Sheet]:
    """Split a sheet that is too wide for a screen: metrics by task, the summary in two parts."""
    if sheet.name == "summary":
        gains = sheet.take([0, 1, 2, 3], f"{sheet.title}, gains")
        gains.notes = sheet.notes
        return [gains, sheet.take([4, 5, 6, 7, 8], f"{sheet.title}, forgetting and cost")]
    return sheet.split() if sheet.name == "final" else [sheet]


def main(argv: list[str] | None = None) -> None:
    """Read the records, print the tables and write them to files."""
    args = parse_args(argv)
    comparison = comparison_of(args, pairing=args.pairing, min_span=args.min_span)
    sheets = []
    for group in comparison.groups:
        chosen = [s for s in comparison.sheets(group) if s.name in args.tables and s.columns]
        if chosen and chosen[0].name != "summary":  # which has them
            chosen[0].notes += comparison.remarks(group)
        sheets += chosen

    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    for sheet in sheets:
        for part in for_screen(sheet):
            console.print(to_rich(part))
            console.print()
    for path in args.out:
        write = {".md": to_markdown, ".tex": to_latex}.get(path.suffix)
        text = to_csv(sheets) if write is None else "\n".join(map(write, sheets))
        write_text(path, text)
        console.print(f"Wrote {path}.")


if __name__ == "__main__":
    run_command(main)
