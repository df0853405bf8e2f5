"""Reports as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .report import MapReport

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = ("", "kind", "files", "missing", "broken", "size", "unknown", "range", "mean")


def show_reports(
    reports: Sequence[MapReport], classes: Mapping[str, Sequence[str] | None], console: Console
) -> int:
    """Print reports as a table, with shares of classes, problems and remarks below.

    Returns:
        The number of reasons why training would fail.
    """
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for report in reports:
        table.add_row(*map(escape, _row(report)))
    console.print(table)
    for report in reports:
        if report.counts is not None and report.known:
            shares = 100 * report.counts / report.known
            names = classes.get(report.name) or [str(i) for i in range(len(shares))]
            order = sorted(range(len(shares)), key=lambda i: -shares[i])
            listed = ", ".join(f"{names[i]} {shares[i]:.1f} %" for i in order)
            console.print(escape(f"{report.name}: {listed}"), highlight=False, soft_wrap=True)
    for report in reports:
        for problem in report.problems:
            console.print(f"[red]  {escape(problem)}[/red]", highlight=False, soft_wrap=True)
        for note in report.remarks:
            console.print(
                f"[yellow]  note: {escape(note)}[/yellow]", highlight=False, soft_wrap=True
            )
    return sum(len(report.fatal) for report in reports)


def _row(report: MapReport) -> list[str]:
    size = " ".join("x".join(map(str, s)) for s, _ in report.sizes.most_common(2))
    more = " ..." if len(report.sizes) > 2 else ""
    unknown = 1 - report.known / report.pixels if report.pixels else float("nan")
    values = f"{report.lowest:.4g} .. {report.highest:.4g}" if report.known else "-"
    mean = "-" if report.kind == "classes" else f"{report.mean:.4g}"
    numbers = [str(n) for n in (report.files, report.missing, report.broken)]
    return [
        report.name,
        report.kind,
        *numbers,
        size + more,
        f"{100 * unknown:.1f} %",
        values,
        mean,
    ]
