"""The table of metrics by task and phase."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .record import LifelongRecord
from .units import with_unit

#: With more phases than this the columns of the phases would not fit into 100 characters.
MAX_PHASE_COLUMNS = 5


def phase_table(record: LifelongRecord, title: str | None = None) -> Table:
    """Tabulate each metric over the phases.

    There is one row per metric, and one column per phase (up to five), then the value after the
    task was learned, the present value, and the change, green for better and red for worse. The
    arrow after a metric's name points up if higher values are better.

    Args:
        record: The record.
        title: Title of the table; by default the method and the number of phases.
    """
    count = len(record)
    if title is None:
        seed = "" if record.seed is None else f", seed {record.seed}"
        title = f"{record.label}{seed}: after {count} phase{'' if count == 1 else 's'}"
    table = Table(
        title=escape(title), title_justify="left", box=None, padding=(0, 1), header_style="bold"
    )
    table.add_column("task", no_wrap=True)
    table.add_column("metric", no_wrap=True)
    shown = range(count) if 1 < count <= MAX_PHASE_COLUMNS else range(0)
    for i in shown:
        heading = f"{i + 1} {_short('+'.join(record.phases[i]['tasks']))}"
        table.add_column(Text(heading), justify="right")
    for name in ("then", "now", "change"):
        table.add_column(name, justify="right")

    for task in record.tasks:
        for row, (metric, entry) in enumerate(record.metrics[task].items()):
            values, better = entry["values"], entry["higher_is_better"]
            digits = decimals(values)
            first = next((v for v in values if v is not None), None)
            now = values[-1] if values else None
            cells = [number(values[i], digits) for i in shown]
            table.add_row(
                # as Text, since rich would read [m] as markup
                Text(task if row == 0 else ""),
                Text(f"{with_unit(metric, record.unit(task, metric))} {arrow(better)}"),
                *cells,
                number(first, digits),
                Text(number(now, digits), style="bold"),
                _change(first, now, better, digits),
            )
        table.add_section()
    return table


def arrow(higher_is_better: bool) -> str:
    """An arrow up if higher values are better, else down."""
    return "↑" if higher_is_better else "↓"


def decimals(values: list[float | None]) -> int:
    """Number of decimals for a row of values: 2 if one is at least 10, else 4."""
    return 2 if any(v is not None and abs(v) >= 10 for v in values) else 4


def number(value: float | None, digits: int, sign: bool = False) -> str:
    """Format a value, or a dash for None."""
    if value is None:
        return "-"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def _change(first: float | None, now: float | None, better: bool, digits: int) -> Text:
    if first is None or now is None:
        return Text("-")
    change = now - first
    if round(change, digits) == 0:
        return Text(number(0.0, digits), style="dim")
    return Text(
        number(change, digits, sign=True), style="green" if (change > 0) == better else "red"
    )


def _short(name: str, width: int = 9) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"
