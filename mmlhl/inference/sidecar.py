"""``maps.json``: what the files in a folder of predicted maps mean."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..config_values import is_number
from ..files import write_text
from .task_maps import TaskInfo

MILLIMETRE = 0.001
SIDECAR = "maps.json"
OTHER_SCALES = "other_scales"
#: facts on which the meaning of a file depends
_MEANING = ("kind", "unit", "classes", "scale")


class Sidecar:
    """Writes ``maps.json``, which several runs and processes may do in one folder.

    Args:
        folder: The folder of the maps; exists.
        infos: The tasks whose maps are written now.
        source: The checkpoint.

    Raises:
        ValueError: If the folder holds maps of a task of the same name with another meaning.
    """

    def __init__(self, folder: Path, infos: Mapping[str, TaskInfo], source: str) -> None:
        self.folder, self._source = folder, source
        self._facts = {task: _facts(info) for task, info in infos.items()}
        self._scales: dict[str, dict[str, float]] = {}
        for task, facts in described_tasks(folder).items():
            self._check(task, facts)
            for name in _scales(facts):
                if not (folder / task / f"{name}.png").exists():  # removed since
                    self._scales.setdefault(task, {})[name] = MILLIMETRE
        self._write()

    def note_scale(self, task: str, name: str, scale: float) -> None:
        """Note the step of a depth map that was written."""
        if scale != _scales(self._known.get(task)).get(name, MILLIMETRE):
            self._scales.setdefault(task, {})[name] = scale
            self._write()

    def _check(self, task: str, facts: Mapping[str, Any]) -> None:
        """Refuse maps of another meaning among those of earlier runs."""
        own = self._facts.get(task)
        there = self.folder / task
        if own is None or not there.is_dir() or not any(there.iterdir()):
            return
        for key in _MEANING:
            if facts.get(key) != own.get(key):
                raise ValueError(
                    f"{there} holds maps of a model whose {key} of {task!r} is "
                    f"{facts.get(key)!r:.80}, and {own.get(key)!r:.80} now: write into another "
                    "folder, or remove that one"
                )

    def _write(self) -> None:
        with _alone(self.folder):
            tasks = described_tasks(self.folder)
            kept = {t: facts for t, facts in tasks.items() if (self.folder / t).is_dir()}
            merged = {**{t: f for t, f in kept.items() if t not in self._facts}, **self._facts}
            for task, facts in merged.items():
                scales = {**_scales(tasks.get(task)), **self._scales.get(task, {})}
                scales = {name: scale for name, scale in scales.items() if scale != MILLIMETRE}
                facts = {key: value for key, value in facts.items() if key != OTHER_SCALES}
                merged[task] = {**facts, OTHER_SCALES: scales} if scales else facts
            self._known = merged
            content = dict(checkpoint=self._source, tasks=merged)
            write_text(self.folder / SIDECAR, json.dumps(content, indent=2))


def described_tasks(folder: Path) -> dict[str, Any]:
    """The tasks whose maps are described in a folder.

    Returns:
        Facts by task; empty if there is no file that can be read.
    """
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        tasks = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))["tasks"]
        return {task: facts for task, facts in tasks.items() if isinstance(facts, dict)}
    return {}


def _scales(facts: Any) -> dict[str, float]:
    found = facts.get(OTHER_SCALES) if isinstance(facts, dict) else None
    items = found.items() if isinstance(found, dict) else ()
    return {name: scale for name, scale in items if is_number(scale)}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let other processes wait that write into the folder, if the file system has locks."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # Windows
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _facts(info: TaskInfo) -> dict[str, Any]:
    """The description of a task's files, as it is read back."""
    facts = info.as_dict()
    if info.kind == "depth":
        facts.update(file="16-bit PNG", scale=MILLIMETRE, zero="not positive")
    elif info.kind == "normal":
        facts.update(
            file="16-bit RGB PNG, (n + 1) * 32767.5", axes="x right, y down, z away from the camera"
        )
    elif info.kind == "binary":
        facts.update(file="8-bit PNG", scale=1 / 255)
    elif info.kind == "classes":
        facts.update(file="PNG of class ids")
    else:
        facts.update(file=".npy")
    return json.loads(json.dumps(facts))
