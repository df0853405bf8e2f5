"""Reading the logged scalars of a sequence by phase, from old and new work dirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..json_lines import json_lines

#: path in a ``work_dir``; in older ones, in a folder per start of training in each phase's folder
SCALARS = "vis_data/scalars.json"


@dataclass
class LoggedPhase:
    """The log of a phase.

    Attributes:
        number: Number of the phase, from 1.
        name: Its name.
        sources: Logs in the order in which they were written, each a list of lines; their ``step``
            is counted in the phase.
    """

    number: int
    name: str
    sources: list[list[dict[str, Any]]] = field(default_factory=list)


def read_phase_logs(work_dir: str | Path) -> list[LoggedPhase]:
    """Read the logs of a sequence.

    One log at the root of the work dir contains all phases. Sequences of older versions have one
    log per phase and restart; if such a sequence was continued, it has both.

    Returns:
        The phases that have a folder, in order.
    """
    work_dir = Path(work_dir)
    together: dict[int, list[dict[str, Any]]] = {}
    for line in json_lines(work_dir / SCALARS, counted=True):
        if isinstance(line.get("phase"), int):
            together.setdefault(line["phase"], []).append(line)
    found = []
    for folder in work_dir.glob("phase_*_*"):
        _, number, name = folder.name.split("_", 2)
        if number.isdigit():
            sources = [
                json_lines(file, counted=True) for file in sorted(folder.glob(f"*/{SCALARS}"))
            ]
            sources.append(_counted_in_phase(together.get(int(number), [])))
            found.append(LoggedPhase(int(number), name, [lines for lines in sources if lines]))
    return sorted(found, key=lambda phase: phase.number)


def _counted_in_phase(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    both = (line for line in lines if "step" in line and "iter" in line)
    before = next((line["step"] - line["iter"] for line in both), 0)
    return [{**line, "step": line["step"] - before} for line in lines if "step" in line]
