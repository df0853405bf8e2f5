"""The elements of a report, independent of HTML and Markdown.

All strings are plain text; the modules that write a page escape them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..sheet import Sheet


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is the row's heading.

    Args:
        caption: The caption.
        header: Headings of the columns, beginning with that of the row headings.
        rows: Cells.
        best: Row and column of the cells to set in bold; the row headings are column 0.
        notes: Remarks below.
        numeric: Whether there are columns of numbers, which are right-aligned.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    best: frozenset[tuple[int, int]] = frozenset()
    notes: Sequence[str] = ()
    numeric: bool = True

    def is_right(self, column: int) -> bool:
        """Whether a column is right-aligned, as columns of numbers are.

        Args:
            column: Index of the column; the row headings are column 0.
        """
        cells = (str(row[column]) for row in self.rows)
        return column > 0 and self.numeric and not any(c.isalpha() for text in cells for c in text)

    @classmethod
    def from_sheet(cls, sheet: Sheet) -> Table:
        """The table of a sheet, without empty columns, and with the best values in bold."""
        rows = range(len(sheet.rows))
        kept = [j for j in range(len(sheet.columns)) if any(sheet.text(i, j) != "-" for i in rows)]
        return cls(
            sheet.title,
            [sheet.corner, *(sheet.columns[j].heading for j in kept)],
            [[name, *(sheet.text(i, j) for j in kept)] for i, (name, _) in enumerate(sheet.rows)],
            frozenset(
                (i, place) for i in rows for place, j in enumerate(kept, 1) if sheet.is_best(i, j)
            ),
            list(sheet.notes),
        )


@dataclass(frozen=True)
class Picture:
    """A picture that is part of the page.

    Args:
        data: The file's content.
        mime: ``image/svg+xml`` or ``image/png``.
        width: Width in CSS pixels at which it is sharp.
        height: Height likewise.
        alt: Description for readers who cannot see it.
        caption: The line below.
    """

    data: bytes
    mime: str
    width: int
    height: int
    alt: str
    caption: str


@dataclass(frozen=True)
class Listing:
    """The text of a file, collapsed at first; left out of Markdown."""

    title: str
    text: str


Block: TypeAlias = Paragraph | Table | Picture | Listing


@dataclass
class Section:
    """A heading with its content.

    Args:
        title: The heading.
        blocks: Text, tables and pictures, before the subsections.
        sections: Subsections.
    """

    title: str
    blocks: list[Block] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


@dataclass
class Document:
    """A page.

    Args:
        title: Its first heading.
        lead: Blocks before the first section.
        sections: The sections.
    """

    title: str
    lead: list[Block] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
