"""Plot the records of any number of sequences.

For each order of tasks: a heat map by metric and phase for each method, curves of each metric over
the phases with one line per method, and bars of the gain over naive training.

Examples:
    python tools/analysis_tools/plot.py work_dirs --out plots
    python tools/analysis_tools/plot.py work_dirs/naive work_dirs/had --out plots --format pdf
"""

import argparse
import re
from pathlib import Path

from mmlhl.analysis.arguments import add_record_arguments, comparison_of
from mmlhl.analysis.derived import choose, choose_of
from mmlhl.analysis.plot_style import save_figure
from mmlhl.analysis.seeds import mean_record
from mmlhl.analysis.sequence_plots import gain_bars, heat_map, task_curves
from mmlhl.command_line import Parser
from mmlhl.refusals import run_command

PLOTS = ("heat", "curves", "gain")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(__doc__)
    add_record_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument(
        "--format",
        nargs="+",
        default=["png"],
        choices=("png", "pdf", "svg"),
        help="formats of the pictures",
    )
    parser.add_argument(
        "--plots",
        nargs="+",
        default=list(PLOTS),
        choices=PLOTS,
        help="plots to draw (default: all)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Read the records and write the pictures."""
    args = parse_args(argv)
    comparison = comparison_of(args)
    taken: set[str] = set()
    for group in comparison.groups:
        for remark in comparison.remarks(group):
            print(f"{group.name}: {remark}")
        pictures = {}
        if "heat" in args.plots:
            for label, runs in group.methods.items():
                record = mean_record(runs)
                if not choose(record, args.metrics):
                    continue
                seeds = f", mean of {len(runs)} runs" if len(runs) > 1 else ""
                pictures[f"heat_{label}"] = heat_map(record, args.metrics, f"{label}{seeds}")
        if "curves" in args.plots and choose_of(group.runs, args.metrics):
            pictures["curves"] = task_curves(group, args.metrics)
        if "gain" in args.plots and group.naive:
            pictures["gain"] = gain_bars(comparison, group)
        if "gain" in args.plots and not group.naive:
            print(f"No gains of {group.name}: no run has the label {args.naive!r} (--naive)")
        for name, picture in pictures.items():
            stem = unused(f"{file_name(group.name)}_{file_name(name)}", taken)
            for kind in args.format:
                path = args.out / f"{stem}.{kind}"
                save_figure(picture, path)
                print(f"Wrote {path}")


def file_name(text: str) -> str:
    """A name without spaces and characters that are a problem for file systems or LaTeX."""
    text = text.replace("++", "pp").replace("+", "-")
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("_")


def unused(stem: str, taken: set[str]) -> str:
    """The name, with a number if it is taken already; labels may differ in other characters."""
    number, found = 2, stem
    while found.lower() in taken:  # some file systems ignore upper and lower case
        found, number = f"{stem}_{number}", number + 1
    taken.add(found.lower())
    return found


if __name__ == "__main__":
    run_command(main)
