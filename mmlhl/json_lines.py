"""Files with one JSON object per line, such as mmengine's scalars."""

from __future__ import annotations

import json
import os
from typing import Any

from .config_values import is_number

#: keys by which lines are ordered; floats hold all whole numbers up to the limit
_COUNTS, _LIMIT = {"phase", "step", "iter", "epoch"}, 2**53


def json_lines(path: str | os.PathLike, counted: bool = False) -> list[dict[str, Any]]:
    """The objects of a file with one per line.

    Args:
        path: The file; without one that can be read, there are no lines.
        counted: Whether to leave out lines whose phase, step, iteration or epoch is no number.

    Returns:
        The objects. Lines that are cut off or damaged are left out: those that are no object, or
        are nested too deeply to be read.
    """
    lines: list[dict[str, Any]] = []
    if not os.path.isfile(path):  # opening a pipe would wait for its other end
        return lines
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except (ValueError, RecursionError):  # the last line of a run that was killed
                    continue
                if isinstance(line, dict) and not (counted and _is_miscounted(line)):
                    lines.append(line)
    except OSError:
        return []
    return lines


def _is_miscounted(line: dict[str, Any]) -> bool:
    found = [line[key] for key in _COUNTS & line.keys()]
    return not all(is_number(value) and abs(value) <= _LIMIT for value in found)
