"""The format of a record's file, and its check."""

from __future__ import annotations

import json
import logging
import math
import os
import zlib
from collections.abc import Iterator, Mapping
from numbers import Real
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mmengine.logging import print_log

from ..config_values import is_number, is_whole
from ..explaining import is_shown
from ..repeated_keys import repeated_keys

VERSION = 1
_GREATEST = 1e100
NEEDED = ("version", "method", "seed", "phases", "metrics")
#: written with the record, and compared when it is read
CHECKSUM = "checksum"
FIELDS = (*NEEDED, "timing", CHECKSUM)
_named: set[tuple[str, str]] = set()


def plain(value: Any) -> Any:
    """Turn numpy and torch scalars into Python's, tuples into lists, NaN and infinity into None.

    Raises:
        TypeError: If a value cannot be written as JSON.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    raise TypeError(f"{value!r} cannot be written to a record")


def read_json(path: str | os.PathLike) -> tuple[Path, Any]:
    """Read a record's file.

    Returns:
        The file and its content, not yet checked.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not JSON, or gives a key twice.
    """
    path = Path(path)
    path = path / "lifelong.json" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"There is no record at {path}")
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    twice = repeated_keys(path)
    if twice:
        raise ValueError(f"{path} {twice[0].removeprefix('it ')}: keep the one that is meant")
    return path, data


def checksum(data: Mapping[str, Any]) -> str:
    """A checksum of a record's content, equal for equal results.

    Args:
        data: The content, plain; its timing and its own checksum are left out.
    """
    kept = {key: value for key, value in data.items() if key not in ("timing", CHECKSUM)}
    return f"{zlib.crc32(json.dumps(kept, sort_keys=True).encode()):08x}"


def name_changes(path: Path, data: Mapping[str, Any]) -> None:
    """Warn, once for a file, of a record that is not as it was written.

    Args:
        path: Its file.
        data: Its content; a record of an older version has no checksum.
    """
    written, found = data.get(CHECKSUM), checksum(data)
    if written in (None, found) or (str(path), found) in _named:
        return
    _named.add((str(path), found))
    print_log(
        f"{path} is not as it was written, since its checksum differs: a byte or a value was "
        f"changed, and is taken as it is now. If that was on purpose, delete {CHECKSUM!r} from it",
        "current",
        logging.WARNING,
    )


def check(data: Any) -> None:
    """Check the content of a record's file.

    Raises:
        ValueError: If it is not a valid record, naming the place.
    """
    if not isinstance(data, dict):
        raise ValueError("it holds no object at the top")
    missing = [key for key in NEEDED if key not in data]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    if data["version"] != VERSION:
        raise ValueError(f"its version is {data['version']!r}, this code reads {VERSION}")
    if not isinstance(data["phases"], list) or not isinstance(data["metrics"], dict):
        raise ValueError("phases must be a list and metrics an object")
    for i, phase in enumerate(data["phases"]):
        if not isinstance(phase, dict) or not isinstance(phase.get("tasks"), list):
            raise ValueError(f"phases[{i}] must be an object with a list of tasks")
        _check_phase(phase, f"phases[{i}]")
    if not isinstance(data["method"], str):
        raise ValueError(f"method must be a string, not {data['method']!r}")
    for place, name in _names(data):
        if not is_shown(name):
            raise ValueError(f"{place} holds {name!r:.60}, which is no name")
    if not isinstance(data["seed"], (int, type(None))):
        raise ValueError(f"seed must be a whole number or null, not {data['seed']!r}")
    timing = data.get("timing", [None] * len(data["phases"]))
    if not isinstance(timing, list) or len(timing) != len(data["phases"]):
        raise ValueError("timing must be a list of seconds, one per phase")
    for seconds in timing:
        if seconds is not None and not _is_finite(seconds):
            raise ValueError(f"timing holds {_short(seconds)}, which is neither number nor null")
    for task, metrics in data["metrics"].items():
        if not isinstance(metrics, dict):
            raise ValueError(f"metrics.{task} must be an object")
        for metric, entry in metrics.items():
            _check_metric(f"metrics.{task}.{metric}", entry, len(data["phases"]))


def _names(data: dict) -> Iterator[tuple[str, str]]:
    """What is printed of a record, with its place: names of tasks, phases, metrics and units."""
    yield "method", data["method"]
    for i, phase in enumerate(data["phases"]):
        yield from ((f"phases[{i}]", name) for name in (*phase["tasks"], phase.get("name") or ""))
    for task, metrics in data["metrics"].items():
        yield "metrics", task
        for metric, entry in metrics.items() if isinstance(metrics, dict) else ():
            yield f"metrics.{task}", metric
            unit = entry.get("unit", "") if isinstance(entry, dict) else ""
            yield f"metrics.{task}.{metric}.unit", unit if isinstance(unit, str) else ""


def _check_phase(phase: dict, place: str) -> None:
    """Check the fields of a phase that are read; others are kept as they are."""
    for task in phase["tasks"]:
        if not isinstance(task, str):
            raise ValueError(f"{place}.tasks holds {_short(task)}, which is not a string")
    for key, kind, word in (
        ("name", str, "a string"),
        ("weights", str, "a string"),
        ("fingerprint", dict, "an object"),
        ("resumed_changed", dict, "an object"),
    ):
        if not isinstance(phase.get(key), (kind, type(None))):
            raise ValueError(f"{place}.{key} must be {word}, not {_short(phase[key])}")
    for key in ("exemplars", "steps", "seconds"):
        value = phase.get(key)
        if value is not None and not _is_finite(value):
            raise ValueError(f"{place}.{key} must be a number, not {_short(value)}")
    _check_file(phase.get("checkpoint"), f"{place}.checkpoint")


def _is_finite(value: Any) -> bool:
    """Whether a value is a number that can be drawn and averaged: floats end at 1e308."""
    return is_number(value) and abs(value) <= _GREATEST


def _short(value: Any) -> str:
    # Python writes no integers of more than 4300 digits
    return "a huge number" if is_whole(value) and not _is_finite(value) else repr(value)


def _check_file(name: Any, place: str) -> None:
    """Check that a file lies in the record's folder, which users may move."""
    if name in (None, ""):  # a phase without a checkpoint
        return
    kinds = (PurePosixPath, PureWindowsPath)  # the folder may come from another system
    paths = [kind(name) for kind in kinds] if isinstance(name, str) else []
    leaves = any(path.anchor or ".." in path.parts for path in paths)
    if leaves or not paths or "\0" in name:
        raise ValueError(f"{place} must be a file below the record's folder, not {name!r}")


def _check_metric(place: str, entry: Any, phases: int) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("higher_is_better"), bool):
        raise ValueError(f"{place} must be an object with higher_is_better true or false")
    if not isinstance(entry.get("unit", ""), str):
        raise ValueError(f"{place}.unit must be a string such as 'm', not {entry['unit']!r}")
    values = entry.get("values")
    if not isinstance(values, list) or len(values) != phases:
        raise ValueError(f"{place}.values must be a list of {phases} values, one per phase")
    for value in values:
        if value is not None and not _is_finite(value):
            raise ValueError(
                f"{place}.values holds {_short(value)}, which is neither number nor null"
            )
