"""Writing sheets for the terminal and as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from .seeds import Estimate
from .sheet import Sheet

LATEX = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "→": r"$\rightarrow$",
    "±": r"$\pm$",
    "λ": r"$\lambda$",
    "°": r"$^\circ$",
}


def to_rich(sheet: Sheet) -> Group:
    """Format a sheet for the terminal; the best value of a column is bold green.

    Returns:
        Title, table and notes, for a rich console.
    """
    table = Table(box=None, header_style="bold")
    table.add_column(sheet.corner, no_wrap=True)
    single_group = len({column.group for column in sheet.columns}) == 1
    for column in sheet.columns:
        heading = column.heading
        if single_group and column.group:
            heading = heading.removeprefix(column.group + " ")
        table.add_column(Text(heading), justify="right")  # rich reads [m] in a string as markup
    for i, (name, cells) in enumerate(sheet.rows):
        texts = [
            Text(sheet.text(i, j), style="bold green" if sheet.is_best(i, j) else "")
            for j in range(len(cells))
        ]
        table.add_row(Text(name), *texts)
    notes = [Text(note, style="italic") for note in sheet.notes]
    return Group(Text(sheet.title, style="bold italic"), table, *notes)


def to_markdown(sheet: Sheet) -> str:
    """Write a sheet as a Markdown table; the best value of a column is bold.

    Returns:
        Title, table and notes.
    """
    escape = markdown_text
    lines = [f"**{escape(sheet.title)}**", ""]
    headings = [sheet.corner, *(column.heading for column in sheet.columns)]
    lines.append("| " + " | ".join(map(escape, headings)) + " |")
    lines.append("| --- |" + " ---: |" * len(sheet.columns))
    for i, (name, cells) in enumerate(sheet.rows):
        texts = [escape(sheet.text(i, j)) for j in range(len(cells))]
        texts = [f"**{t}**" if sheet.is_best(i, j) else t for j, t in enumerate(texts)]
        lines.append("| " + " | ".join([escape(name), *texts]) + " |")
    lines += [line for note in sheet.notes for line in ("", escape(note))]
    return "\n".join(lines) + "\n"


def markdown_text(text: str) -> str:
    """Escape characters that would be markup in Markdown or HTML.

    Underscores inside a word and brackets that form no link are not markup and are kept.

    Returns:
        One line that is displayed as the text.
    """
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"[\\`*|~$]", r"\\\g<0>", text)
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    text = text.replace("](", r"]\(").replace("][", r"]\[")
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return text.replace("<", "&lt;").replace(">", "&gt;")


def to_latex(sheet: Sheet) -> str:
    """Write a sheet as a LaTeX table (package booktabs); the best value of a column is bold.

    Returns:
        A ``table`` environment.
    """

    def escape(text: str) -> str:
        return "".join(LATEX.get(c, c) for c in text)

    groups: list[tuple[str, int]] = []
    for column in sheet.columns:
        if groups and groups[-1][0] == column.group:
            groups[-1] = (column.group, groups[-1][1] + 1)
        else:
            groups.append((column.group, 1))
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escape(sheet.title)}}}",
        rf"  \begin{{tabular}}{{l{'r' * len(sheet.columns)}}}",
        r"    \toprule",
    ]
    if any(group for group, _ in groups):
        spans = [rf"\multicolumn{{{n}}}{{c}}{{{escape(group)}}}" for group, n in groups]
        lines.append("    " + " & ".join(["", *spans]) + r" \\")
    names = [c.heading.removeprefix(c.group + " " if c.group else "") for c in sheet.columns]
    lines.append("    " + " & ".join(map(escape, [sheet.corner, *names])) + r" \\")
    lines.append(r"    \midrule")
    for i, (name, cells) in enumerate(sheet.rows):
        texts = [escape(sheet.text(i, j)) for j in range(len(cells))]
        texts = [rf"\textbf{{{t}}}" if sheet.is_best(i, j) else t for j, t in enumerate(texts)]
        lines.append("    " + " & ".join([escape(name), *texts]) + r" \\")
    lines += [r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]
    lines[-1:-1] = [f"  % {' '.join(note.split())}" for note in sheet.notes]
    return "\n".join(lines) + "\n"


def to_csv(sheets: Sequence[Sheet]) -> str:
    """Write sheets as one CSV table, one line per cell, with all digits.

    Returns:
        Lines of ``table, title, row, group, column, unit, mean, std, runs, text``. Cells that
        are not numbers are in the column ``text``; missing values are empty. Text that a
        spreadsheet would take for a formula begins with an apostrophe.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow("table title row group column unit mean std runs text".split())
    for sheet in sheets:
        for name, cells in sheet.rows:
            for column, cell in zip(sheet.columns, cells, strict=True):
                texts = sheet.name, sheet.title, name, column.group, column.name, column.unit
                place = [_no_formula(text) for text in texts]
                if isinstance(cell, Estimate):
                    mean = "" if math.isnan(cell.mean) else cell.mean
                    std = "" if cell.std is None else cell.std
                    writer.writerow([*place, mean, std, cell.runs, ""])
                else:
                    text = "" if cell == "-" else _no_formula(str(cell))
                    writer.writerow([*place, "", "", "", text])
    return file.getvalue()


def _no_formula(text: str) -> str:
    """Text, such as a label, that a spreadsheet shows and does not compute."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
