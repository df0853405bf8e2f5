"""A table of estimates, independent of the format in which it is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..evaluation.tables import arrow
from ..evaluation.units import with_unit
from .seeds import Estimate


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Attributes:
        name: Name of the values.
        group: Group of the column, such as a task.
        better: Whether higher is better; None if the column is not ranked.
        digits: Number of decimals.
        sign: Whether to write a plus sign.
        unit: Unit of the values, see :func:`mmlhl.evaluation.units.with_unit`.
    """

    name: str
    group: str = ""
    better: bool | None = None
    digits: int = 2
    sign: bool = False
    unit: str = ""

    @property
    def heading(self) -> str:
        """Group, name, unit, and an arrow up if higher is better, down if lower is."""
        parts = [
            self.group,
            with_unit(self.name, self.unit),
            "" if self.better is None else arrow(self.better),
        ]
        return " ".join(part for part in parts if part)


@dataclass
class Sheet:
    """Rows of cells under columns; the first cell of a row is its name.

    Attributes:
        name: Short name, used in CSV files.
        title: Title of the sheet.
        columns: Columns without that of the row names.
        rows: Name and cells.
        corner: Heading of the row names.
        notes: Remarks to print below.
        unranked: Rows that are ignored when the best value of a column is determined.
        row_digits: Number of decimals of each row, instead of the columns'.
    """

    name: str
    title: str
    columns: list[Column]
    rows: list[tuple[str, list]] = field(default_factory=list)
    corner: str = "method"
    notes: list[str] = field(default_factory=list)
    unranked: set[str] = field(default_factory=set)
    row_digits: list[int] = field(default_factory=list)

    def text(self, row: int, column: int) -> str:
        """The cell as text: the mean, with the standard deviation if there are several runs."""
        cell, style = self.rows[row][1][column], self.columns[column]
        if not isinstance(cell, Estimate):
            return str(cell)
        if math.isnan(cell.mean):
            return "-"
        digits = self.row_digits[row] if self.row_digits else style.digits
        rounded = round(cell.mean, digits) + 0.0  # adding 0.0 turns -0.0 into 0.0
        mean = f"{rounded:{'+' if style.sign else ''}.{digits}f}"
        return mean if cell.std is None else f"{mean} ± {cell.std:.{digits}f}"

    def is_best(self, row: int, column: int) -> bool:
        """Whether a cell shows the best mean of a ranked column."""
        better = self.columns[column].better
        shown = {
            i: round(cells[column].mean, self.columns[column].digits)
            for i, (name, cells) in enumerate(self.rows)
            if name not in self.unranked
            and isinstance(cells[column], Estimate)
            and math.isfinite(cells[column].mean)
        }
        if better is None or row not in shown or len(shown) < 2:
            return False
        return shown[row] == (max if better else min)(shown.values())

    def take(self, chosen: list[int], title: str) -> Sheet:
        """A sheet with some of the columns, for narrow screens."""
        return Sheet(
            name=self.name,
            title=title,
            columns=[self.columns[i] for i in chosen],
            rows=[(name, [cells[i] for i in chosen]) for name, cells in self.rows],
            corner=self.corner,
            unranked=self.unranked,
            row_digits=self.row_digits,
        )

    def split(self) -> list[Sheet]:
        """One sheet per group of columns."""
        groups = list(dict.fromkeys(column.group for column in self.columns))
        parts = []
        for group in groups:
            chosen = [i for i, column in enumerate(self.columns) if column.group == group]
            parts.append(self.take(chosen, f"{self.title}: {group}" if group else self.title))
        parts[-1].notes = self.notes
        return parts
