"""Types of the entries in a checkpoint's meta."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..explaining import is_shown

#: ids of 16 bits; nobody stores more classes, letters of a class's name or of a unit
_MOST_CLASSES, _LONGEST_NAME, _LONGEST_UNIT = 2**16, 1000, 100


def meta_problem(meta: Mapping[str, Any]) -> str | None:
    """The first entry of a meta that is of another type than training writes."""
    given = meta.get("input")
    if given is not None and not isinstance(given, Mapping):
        return f"its meta.input is a {type(given).__name__}, not a dict"
    for key in ("mean", "std"):
        if given and not _are_numbers(given.get(key), above=0 if key == "std" else None):
            return f"its meta.input.{key} holds no numbers" + (" above 0" if key == "std" else "")
    for key in ("bgr_to_rgb", "rgb_to_bgr"):
        if given and given.get(key, False) not in (True, False, None):  # 1 in older files
            return f"its meta.input.{key} is neither True nor False"
    dataset = meta.get("dataset_meta") or {}
    strange = next((key for key in dataset if not isinstance(key, str) or not is_shown(key)), None)
    if strange is not None:
        return f"its meta.dataset_meta has the key {strange!r:.60}, which is no name"
    named = {f"dataset_meta.{key}": value for key, value in dataset.items()}
    named.update({key: meta[key] for key in ("CLASSES", "PALETTE") if key in meta})
    for key, value in named.items():
        wanted = _wanted(str(key).lower(), value)
        if value is not None and wanted:
            return f"its meta.{key} is not {wanted}"
    return None


def _wanted(key: str, value: Any) -> str:
    """What an entry about a dataset should be; empty if it is that, or is not known."""
    name = key.rpartition(".")[2]
    if name == "classes" or name.endswith("_classes"):
        return "" if _are_names(value) else "a list of names"
    if name == "palette" or name.endswith("_palette"):
        return "" if _are_colours(value) else "a list of colours [r, g, b]"
    if name.endswith("_unit"):
        short = isinstance(value, str) and len(value) <= _LONGEST_UNIT and is_shown(value)
        return "" if short else "a unit such as 'm'"
    return ""


def _listed(value: Any) -> list | None:
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return list(value) if isinstance(value, (list, tuple)) else None


def _are_names(value: Any) -> bool:
    names = _listed(value)
    return names is not None and len(names) <= _MOST_CLASSES and all(map(_is_name, names))


def _is_name(value: Any) -> bool:
    text = isinstance(value, str) and len(value) <= _LONGEST_NAME and is_shown(value)
    return text or isinstance(value, int)


def _are_colours(value: Any) -> bool:
    colours = [_listed(colour) for colour in _listed(value) or ()]
    if isinstance(value, str):  # "random" is a palette of mmdet
        return True
    return (
        _listed(value) is not None
        and len(colours) <= _MOST_CLASSES
        and all(
            colour is not None and len(colour) == 3 and all(_is_byte(part) for part in colour)
            for colour in colours
        )
    )


def _is_byte(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value <= 255


def _are_numbers(value: Any, above: float | None = None) -> bool:
    """Whether a value is None, a number or a list of numbers."""
    numbers = _listed(value) if _listed(value) is not None else [value]
    return value is None or all(
        isinstance(each, (int, float))
        and not isinstance(each, bool)
        and abs(each) < 1e30
        and math.isfinite(each)
        and (above is None or each > above)
        for each in numbers or [None]
    )
