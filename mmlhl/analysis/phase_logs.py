"""Reading the logged scalars of a sequence by phase, from old and new work dirs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    Args:
        work_dir: Work dir of a sequence.

    Returns:
        The phases that have a folder, in order.
    """
    work_dir = Path(work_dir)
    together: dict[int, list[dict[str, Any]]] = {}
    for line in json_lines(work_dir / SCALARS):
        if isinstance(line.get("phase"), int):
            together.setdefault(line["phase"], []).append(line)
    found = []
    for folder in work_dir.glob("phase_*_*"):
        _, number, name = folder.name.split("_", 2)
        if number.isdigit():
            sources = [json_lines(file) for file in sorted(folder.glob(f"*/{SCALARS}"))]
            sources.append(_counted_in_phase(together.get(int(number), [])))
            found.append(LoggedPhase(int(number), name, [lines for lines in sources if lines]))
    return sorted(found, key=lambda phase: phase.number)


def json_lines(file: Path) -> list[dict[str, Any]]:
    """The objects of a file with one per line, without lines that are cut off.

    Args:
        file: The file; if it does not exist, there are no lines.
    """
    lines = []
    if file.is_file():
        for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue  # the last line of a run that was killed
            if isinstance(line, dict):
                lines.append(line)
    return lines


def _counted_in_phase(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    before = next((line["step"] - line["iter"] for line in lines if "iter" in line), 0)
    return [{**line, "step": line["step"] - before} for line in lines if "step" in line]
