"""Assembling and writing a report."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import master_only
from mmengine.logging import print_log

from ...config_values import is_whole
from ...evaluation.record import LifelongRecord
from ...files import write_text
from ..runs import load_runs
from .document import Document, Paragraph
from .html_page import to_html
from .markdown_page import to_markdown
from .result_sections import results
from .run_sections import (
    costs,
    environments,
    how_it_was_set,
    losses,
    order_of,
    run_names,
    what_was_run,
)

NAIVE = "naive"
#: Greatest number of labels that a heading lists.
NAMED = 4
#: in every report: the page's footer, and the Markdown's first lines
_REPORT = re.compile(r"<footer>Made by mmlhl |\A# .*\n\n\d+ runs? of ")
NO_STRIPS = "No test images were predicted for this page; mmlhl report with --strips 3 adds three."


def write_report(
    runs: Sequence[str],
    out: str | os.PathLike,
    naive: str | None = None,
    strips: int = 0,
    title: str | None = None,
    metrics: str | Sequence[str] = "paper",
) -> tuple[Path, Path]:
    """Write a report on one or several runs, as HTML and as Markdown.

    Args:
        runs: Work dirs, see :func:`~mmlhl.analysis.runs.load_runs`.
        out: The HTML page; the Markdown gets the same name with the suffix ``.md``.
        naive: Work dir of naive training to compare with; None for the runs with the label
            ``naive``, if any.
        strips: Number of test images to predict with the checkpoint of every phase.
        title: Heading of the page; None for the labels of the runs, or how many there are.
        metrics: Metrics to show, see :func:`~mmlhl.analysis.derived.choose`.

    Raises:
        FileNotFoundError: If there is no record, or no checkpoint for the strips.
        ValueError: If no phase is finished, a record is invalid, two runs have the same label,
            order and seed, the naive run has other tasks, an argument is invalid, or one of the
            files is there and no report. Nothing is written then.
    """
    out = Path(out)
    if out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"the report's name must end in .html, got {str(out)!r}")
    if not is_whole(strips) or strips < 0:
        raise ValueError(f"strips must be a whole number from 0, got {strips!r}")
    markdown = out.with_suffix(".md")
    for path in (out, markdown):
        _refuse_foreign(path)
    records = _read(runs, naive)
    document = make_document(records, title, metrics, strips)
    pages = {out: to_html(document), markdown: to_markdown(document, out.name)}
    for path, text in pages.items():
        write_text(path, text)
    return out, markdown


def _refuse_foreign(path: Path) -> None:
    """Refuse to replace what is no report, such as notes of the name that the Markdown gets."""
    if not path.is_file() or not path.stat().st_size:
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    if not _REPORT.search(text):
        raise ValueError(
            f"{path} is no report and would be replaced: choose another name by --out, or move it"
        )


def make_document(
    records: Sequence[LifelongRecord],
    title: str | None = None,
    metrics: str | Sequence[str] = "paper",
    strips: int = 0,
) -> Document:
    """Assemble the sections of a report.

    Args:
        records: The runs, each with at least one phase.
        title: Heading of the page; None for the labels of the runs, or how many there are.
        metrics: Metrics to show.
        strips: Number of test images to predict.
    """
    names = run_names(records)
    labels = list(dict.fromkeys(record.label for record in records))
    about = ", ".join(labels) if len(labels) <= NAMED else f"{len(labels)} methods compared"
    document = Document(title or f"Lifelong learning: {about}")
    phases = max(len(record) for record in records)
    all_alike = all(len(record) == phases for record in records)
    document.lead.append(
        Paragraph(
            f"{len(records)} run{'' if len(records) == 1 else 's'} of "
            f"{'' if all_alike else 'up to '}{phases} "
            f"phase{'' if phases == 1 else 's'}."
        )
    )
    predicted = None
    if not strips:
        document.lead.append(Paragraph(NO_STRIPS))
    else:
        from .strip_section import strip_section  # here, since it imports the models

        predicted = strip_section(records, names, strips)
    sections = [
        what_was_run(records, names),
        *results(records, metrics, NAIVE),
        losses(records, names),
        predicted,
        costs(records, names),
        how_it_was_set(records, names),
        environments(records, names),
    ]
    document.sections = [section for section in sections if section is not None]
    return document


@master_only
def report_after_training(work_dir: str | os.PathLike) -> None:
    """Write ``report.html`` and ``report.md`` into a work dir; a failure is logged, not raised."""
    try:
        page, twin = write_report([str(work_dir)], Path(work_dir) / "report.html")
    except Exception as error:  # an error in the report must not fail a finished training
        message = f"no report was written: {type(error).__name__}: {error}"
        print_log(message, "current", logging.WARNING)
    else:
        print_log(f"report: {page} and {twin.name}. {NO_STRIPS}", "current")


def _read(runs: Sequence[str], naive: str | None) -> list[LifelongRecord]:
    if not runs:
        raise ValueError("no run is given")
    records = load_runs(runs)
    if naive is not None:
        baseline = load_runs([naive])
        for record in baseline:
            record.extra["label"] = NAIVE
        own = {_place(record) for record in baseline}
        records = [record for record in records if _place(record) not in own]
        orders = {order_of(record) for record in records if record.metrics}
        fitting = [record for record in baseline if not orders or order_of(record) in orders]
        if not fitting:
            raise ValueError(
                f"the naive run {naive} learned {order_of(baseline[0])}, but the runs to compare "
                f"learned {'; '.join(sorted(orders))}"
            )
        records = [*records, *fitting]
    empty = [record for record in records if not len(record)]
    if empty:
        raise ValueError(f"{empty[0].path} has no finished phase yet")
    return records


def _place(record: LifelongRecord) -> Path | None:
    return None if record.path is None else record.path.resolve()
