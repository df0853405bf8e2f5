"""Command-line arguments on records: which records, which metrics, which reference."""

from __future__ import annotations

import argparse
from typing import Any

from ..command_line import RenamedOption
from ..spelling import hint
from .comparison import Comparison
from .runs import load_runs


class ChosenMetrics(RenamedOption):
    """Stores ``paper`` or ``all`` as a string, and names of metrics as a list."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the word or the names."""
        one = len(values) == 1 and values[0] in ("paper", "all")
        super().__call__(parser, namespace, values[0] if one else list(values), option_string)


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for records, metrics and references."""
    parser.add_argument(
        "records",
        nargs="+",
        metavar="[LABEL=]PATH",
        help="lifelong.json, or a folder with such files anywhere below; LABEL renames the method",
    )
    add_metrics_argument(parser)
    for name in ("naive", "joint", "single"):
        kind = "single-task" if name == "single" else name
        parser.add_argument(f"--{name}", default=name, help=f"label of the runs of {kind} training")


def add_metrics_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option for metrics, see :func:`mmlhl.analysis.derived.choose`."""
    parser.add_argument(
        "--metrics",
        "--figures",
        nargs="+",
        action=ChosenMetrics,
        default="paper",
        metavar="NAME",
        help="'paper' (default), 'all', or names of metrics such as mIoU abs_err mean_err",
    )


def comparison_of(args: argparse.Namespace, **options: Any) -> Comparison:
    """The comparison of the records on a command line.

    Raises:
        FileNotFoundError: If there is no record at or below a path.
        ValueError: If a file is not a record, two runs cannot be distinguished, or no run has the
            label that an option gives for a reference.
    """
    records = load_runs(args.records)
    labels = dict.fromkeys(record.label for record in records)
    for option in ("naive", "joint", "single"):
        label = getattr(args, option)
        if label != option and label.lower() not in map(str.lower, labels):
            raise ValueError(
                f"--{option}: no run has the label {label!r}{hint(label, labels)}; there are "
                f"{', '.join(labels)}"
            )
    return Comparison(records, args.metrics, args.naive, args.joint, args.single, **options)
