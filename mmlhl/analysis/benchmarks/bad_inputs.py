"""A table of the tests of bad inputs: the mistake, the seconds until its error, the message."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .running import commit

#: properties that each test records
NOTED = ("section", "case", "error", "seconds", "message")


@dataclass(frozen=True)
class Refusal:
    """The error for a bad input.

    Attributes:
        section: The kind of input, such as configs or data.
        case: The mistake.
        error: Class of the exception.
        seconds: Seconds until it was raised.
        message: Its text.
    """

    section: str
    case: str
    error: str
    seconds: float
    message: str


class Collector:
    """A plugin of pytest that collects the results of the tests of bad inputs.

    Attributes:
        refusals: Errors of the tests that passed, in order.
        failed: Names of the tests that failed.
    """

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Read a finished test."""
        if report.failed:
            self.failed.append(report.nodeid)
        noted = dict(report.user_properties)
        if report.when == "call" and report.passed and set(NOTED) <= set(noted):
            self.refusals.append(Refusal(**{key: noted[key] for key in NOTED}))


def table(refusals: Iterable[Refusal], command: str) -> str:
    """All bad inputs as Markdown."""
    rows = list(refusals)
    slowest = max((each.seconds for each in rows), default=0.0)
    lines = [
        f"Command: `{command}`; commit {commit()}.",
        "",
        f"**{len(rows)} bad inputs, each refused before a training step, and nothing is left "
        f"behind; the slowest takes {slowest:.1f} s** (a tiny network on one core; mostly the "
        f"dry run of the phases before{_load()}).",
    ]
    for section in dict.fromkeys(each.section for each in rows):
        lines += ["", f"## {section.capitalize()}", "", "| what was wrong | s | message |"]
        lines.append("| --- | ---: | --- |")
        for each in rows:
            if each.section == section:
                text = f"{each.error}: {each.message}"
                lines.append(f"| {each.case} | {each.seconds:.2f} | {_cell(text)} |")
    return "\n".join(lines)


def _cell(text: str, most: int = 300) -> str:
    """A message as one cell of a table, cut if it is long."""
    line = " ".join(text.split())
    line = line if len(line) <= most else line[:most].rstrip() + " ..."
    return "`" + line.replace("`", "'").replace("|", "\\|") + "`"


def _load() -> str:
    """A remark on a machine with more work than cores, whose times vary."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return f"; {load:.0f} processes shared {cores} cores, so times vary" if load > cores else ""
