"""Checks of an annotation's options before any file is read."""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import config_values as values

_EVERYWHERE = {"name", "kind", "dir", "suffix", "field", "source"}
_OF_FILES = {"channels", "resize", "reader", "post"}
_LABELS = {"num_classes", "classes", "palette", "id_map", "ignore", "allow_void"}
_MEASURES = {"scale", "offset", "invalid"}
ACTS_ON = {
    "classes": _LABELS | {"reduce_zero_label", "label_map"},
    "binary": _LABELS | {"threshold"},
    "depth": _MEASURES | {"max_value", "inverse"},
    "normal": _MEASURES | {"axes"},
    "channels": _MEASURES | {"max_value"},
}
"""Options that have an effect, by the annotation's kind."""


def check_annotation(where: str, kind: str, given: dict, defaults: dict) -> dict[str, Any]:
    """Check the options of an annotation.

    Args:
        where: The config's key of the annotation, for messages.
        kind: Its kind, a known one.
        given: Options that differ from their defaults.
        defaults: Default values of all options.

    Returns:
        The given options in a uniform spelling: tuples for lists, ``dict(type=...)`` for sources.

    Raises:
        ValueError: If a value makes no sense or an option has no effect on the kind.
    """
    _check_place(where, given)
    allowed = _EVERYWHERE | ({"inverse"} if "source" in given else ACTS_ON[kind] | _OF_FILES)
    if "source" in given:
        allowed |= {"num_classes", "classes", "palette", "allow_void"}
        allowed |= {"label_map"} if kind == "classes" else set()
    for key, value in given.items():
        if key not in allowed and value != defaults[key]:
            reason = "is made from the image by 'source'" if "source" in given else f"is {kind!r}"
            raise ValueError(
                f"{where}[{key!r}] is {value!r}, but has no effect on an annotation that {reason}"
            )
    found = {k: _CHECKS[k](v, f"{where}[{k!r}]") for k, v in given.items() if k in _CHECKS}
    _check_together(where, kind, found)
    return found


def _check_place(where: str, given: dict) -> None:
    dir_, source = given.get("dir"), given.get("source")
    if (dir_ is None) == (source is None):
        raise ValueError(
            f"{where} needs either 'dir', the folder of its files, or 'source', the transform "
            f"that makes it from the image; got dir={dir_!r}, source={source!r}"
        )
    for key in ("name", "dir", "suffix", "field"):
        if key in given and not isinstance(given[key], str):
            raise ValueError(f"{where}[{key!r}] is {given[key]!r}; it must be one string")


def _check_together(where: str, kind: str, found: dict[str, Any]) -> None:
    count, classes = found.get("num_classes"), found.get("classes")
    for number in (count, None if classes is None else len(classes)):
        if kind == "binary" and number not in (None, 2):
            raise ValueError(f"{where} is binary; it has two classes, not {number}")
    if count is not None and classes is not None and count != len(classes):
        raise ValueError(
            f"{where}['num_classes'] is {count}, but 'classes' has {len(classes)} names"
        )
    greatest = found.get("max_value")
    if kind == "depth" and greatest is not None and greatest <= 0:
        raise ValueError(f"{where}['max_value'] is {greatest:g}; the greatest depth is above 0")
    palette = found.get("palette")
    if classes is not None and palette is not None and len(palette) != len(classes):
        raise ValueError(
            f"{where}['palette'] has {len(palette)} colours, but 'classes' has {len(classes)} names"
        )
    if "ignore" in found and isinstance(next(iter(found.get("id_map", ())), 0), tuple):
        raise ValueError(
            f"{where}['ignore'] is {found['ignore']}, but has no effect on the colours of "
            "'id_map'; list a colour that is ignored there, as {(255, 255, 255): 255}"
        )
    if kind != "binary":
        return
    if "threshold" in found and "id_map" in found:
        raise ValueError(f"{where} has both 'threshold' and 'id_map'; a mask needs one of them")
    taken = {0, 1} & set(found.get("ignore", ()))
    if taken and "threshold" not in found and "id_map" not in found:
        raise ValueError(
            f"{where}['ignore'] is {found['ignore']}, but {min(taken)} is one of the two values of "
            "a binary map; give an 'id_map' if the file means something else by it"
        )


def _names(value: Any, where: str) -> tuple[str, ...]:
    found = values.names(value, where)
    twice = [name for name in found if found.count(name) > 1]
    if twice:
        raise ValueError(f"{where} names {twice[0]!r} twice")
    if not found:
        raise ValueError(f"{where} is empty; it must name at least one class")
    return found


def _axes(value: Any, where: str) -> tuple[str, ...]:
    found = values.names(value, where)
    fits = all(axis[-1:] in "xyz" and axis[:-1] in ("", "+", "-") for axis in found)
    if not fits or sorted(axis[-1:] for axis in found) != ["x", "y", "z"]:
        raise ValueError(
            f"{where} is {found!r}; it must name x, y and z once each, with or without a minus sign"
        )
    return found


def _finite(value: Any, where: str) -> float:
    found = values.number(value, where)
    if not math.isfinite(found):
        raise ValueError(f"{where} is {value!r}; it must be a finite number")
    return found


def _scale(value: Any, where: str) -> float:
    found = _finite(value, where)
    if found == 0:
        raise ValueError(f"{where} is 0; it is the factor from stored to real numbers")
    return found


def _count(value: Any, where: str) -> int:
    found = values.integer(value, where)
    if not 1 <= found <= 253:
        raise ValueError(
            f"{where} is {found}; it must be within 1..253, as 255 means ignored in 8-bit maps"
        )
    return found


def _channels(value: Any, where: str) -> tuple[int, ...]:
    found = values.integers(value, where)
    if not found or min(found) < 0:
        raise ValueError(f"{where} is {value!r}; channels are counted from 0")
    return found


def _ids(value: Any, where: str, colours: bool = True) -> dict[Any, int]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{where} is {value!r}; it must be a dict of stored id -> class id")
    colours = colours and any(isinstance(key, tuple) for key in value)
    one = _colour if colours else values.integer
    found = [(one(k, where), values.integer(v, where)) for k, v in value.items()]
    for key, count in Counter(key for key, _ in found).items():
        if count > 1:  # 1 and '1', of which one would win silently
            raise ValueError(f"{where} is {dict(value)!r}; it gives id {key} twice")
    return dict(found)


def _label_map(value: Any, where: str) -> dict[int, int] | None:
    found = _ids(value, where, colours=False)
    if sorted(found) != list(range(len(found))):
        raise ValueError(
            f"{where} is {found}; it must say for each class from 0 on what it becomes"
        )
    return found


def _palette(value: Any, where: str) -> tuple[tuple[int, ...], ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"{where} is {value!r}; it must be a list of colours (r, g, b)")
    return tuple(_colour(colour, where) for colour in value)


def _colour(value: Any, where: str) -> tuple[int, ...]:
    found = values.integers(value, where)
    if len(found) != 3 or min(found) < 0 or max(found) > 255:
        raise ValueError(f"{where} has {found}; a colour is three numbers of 0..255")
    return found


def _function(value: Any, where: str) -> Callable:
    if not callable(value):
        raise ValueError(f"{where} is {value!r}; it must be a function")
    return value


def _source(value: Any, where: str) -> Any:
    if isinstance(value, str) or inspect.isclass(value):
        return dict(type=value)
    if isinstance(value, Mapping) and "type" not in value:
        raise ValueError(f"{where} is {value!r}; it needs 'type', the name of a transform")
    if not isinstance(value, Mapping) and not callable(value):
        raise ValueError(f"{where} is {value!r}; it must be the config of a transform")
    return value


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "source": _source,
    "scale": _scale,
    "offset": _finite,
    "invalid": values.numbers,
    "max_value": _finite,
    "inverse": values.flag,
    "axes": _axes,
    "num_classes": _count,
    "classes": _names,
    "palette": _palette,
    "id_map": _ids,
    "ignore": values.integers,
    "reduce_zero_label": values.flag,
    "label_map": _label_map,
    "allow_void": values.flag,
    "threshold": _finite,
    "channels": _channels,
    "resize": values.flag,
    "reader": _function,
    "post": _function,
}
