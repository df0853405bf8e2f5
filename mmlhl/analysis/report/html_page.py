"""A report as one self-contained HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from itertools import count

from ...version import __version__
from .document import Block, Document, Listing, Paragraph, Picture, Section, Table
from .page_style import CSS

#: The browser must not fetch, run or send anything, even if a name in the page contains markup.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: Pictures wider than this (CSS pixels), which is more than a phone shows, are not shrunk below
#: this share of their width but scroll, since their text would be too small to read.
WIDE, SMALLEST = 420, 0.85


def to_html(document: Document) -> str:
    """Write a report as HTML.

    The page is accessible: it has landmarks, one ``h1``, no skipped heading levels, a link that
    skips the contents, captions and scopes in every table, and a description of every picture.

    Returns:
        The page, with all text escaped.
    """
    numbers = count(1)  # for unique ids of elements
    title = escape(document.title)
    body = [_block(block, numbers) for block in document.lead]
    contents = []
    for section in document.sections:
        name = f"section-{next(numbers)}"
        contents.append(f'<li><a href="#{name}">{escape(section.title)}</a></li>')
        body += _section(section, 2, name, numbers)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{title}</title>",
        f"<style>{CSS}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#content">Skip to the content</a>',
        f"<header><h1>{title}</h1></header>",
        f'<nav aria-label="Contents"><ul>{"".join(contents)}</ul></nav>',
        '<main id="content" tabindex="-1">',
        *body,
        "</main>",
        f"<footer>Made by mmlhl {escape(__version__)}.</footer>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _section(section: Section, level: int, name: str, numbers: Iterator[int]) -> Iterator[str]:
    yield f'<section aria-labelledby="{name}">'
    yield f'<h{level} id="{name}">{escape(section.title)}</h{level}>'
    for block in section.blocks:
        yield _block(block, numbers)
    for below in section.sections:
        yield from _section(below, min(level + 1, 6), f"section-{next(numbers)}", numbers)
    yield "</section>"


def _block(block: Block, numbers: Iterator[int]) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Table):
        return _table(block, f"table-{next(numbers)}")
    if isinstance(block, Picture):
        return _picture(block)
    return _listing(block)


def _table(table: Table, name: str) -> str:
    kinds = [' class="number"' if table.is_right(j) else "" for j in range(len(table.header))]
    head = "".join(
        f'<th scope="col"{kind}>{escape(text)}</th>'
        for kind, text in zip(kinds, table.header, strict=True)
    )
    rows = []
    for i, (heading, *cells) in enumerate(table.rows):
        texts = [
            f"<td{kinds[j]}><strong>{escape(text)}</strong></td>"
            if (i, j) in table.best
            else f"<td{kinds[j]}>{escape(text)}</td>"
            for j, text in enumerate(cells, start=1)
        ]
        rows.append(f'<tr><th scope="row">{escape(heading)}</th>{"".join(texts)}</tr>')
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table.notes)
    # Focusable, so that it can be scrolled by keyboard.
    return (
        f'<div class="scroll" role="region" aria-labelledby="{name}" tabindex="0">'
        f'<table><caption id="{name}"><span>{escape(table.caption)}</span></caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{notes}"
    )


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.data).decode("ascii")
    wide = picture.width > WIDE
    least = f' style="min-width: {round(SMALLEST * picture.width)}px"' if wide else ""
    # A wide picture scrolls in its frame, which must be focusable for the keyboard.
    frame = f' role="group" aria-label="{escape(picture.caption)}" tabindex="0"' if wide else ""
    return (
        f"<figure><div{frame}>"
        f'<img{least} src="data:{picture.mime};base64,{data}" width="{picture.width}" '
        f'height="{picture.height}" alt="{escape(picture.alt)}">'
        f"</div><figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def _listing(listing: Listing) -> str:
    return (
        f"<details><summary>{escape(listing.title)}</summary>"
        f'<pre tabindex="0">{escape(listing.text)}</pre></details>'
    )
