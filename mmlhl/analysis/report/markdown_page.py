"""A report as Markdown: the same sections and tables, with references instead of pictures."""

from __future__ import annotations

from collections.abc import Iterator

from ..formats import markdown_text
from .document import Block, Document, Paragraph, Picture, Section, Table


def to_markdown(document: Document, page: str) -> str:
    """Write a report as Markdown.

    Returns:
        The text, in which names are escaped.
    """
    lines = [f"# {markdown_text(document.title)}", ""]
    for block in document.lead:
        lines += _block(block, page)
    for section in document.sections:
        lines += _section(section, 2, page)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section, level: int, page: str) -> Iterator[str]:
    yield from (f"{'#' * min(level, 6)} {markdown_text(section.title)}", "")
    for block in section.blocks:
        yield from _block(block, page)
    for below in section.sections:
        yield from _section(below, level + 1, page)


def _block(block: Block, page: str) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from (markdown_text(block.text), "")
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Picture):
        yield from (f"*{markdown_text(block.caption)}*: see {markdown_text(page)}.", "")


def _table(table: Table) -> Iterator[str]:
    yield from (f"**{markdown_text(table.caption)}**", "")
    yield "| " + " | ".join(map(markdown_text, table.header)) + " |"
    sides = ["---:" if table.is_right(j) else "---" for j in range(len(table.header))]
    yield f"| {' | '.join(sides)} |"
    for i, row in enumerate(table.rows):
        texts = [markdown_text(text) for text in row]
        cells = [f"**{t}**" if (i, j) in table.best else t for j, t in enumerate(texts)]
        yield "| " + " | ".join(cells) + " |"
    yield ""
    for note in table.notes:
        yield from (markdown_text(note), "")
