"""Checked values of configs: a single value is accepted as a list, a string not as names."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeGuard

import numpy as np


def nodes(node: Any) -> Iterator[dict]:
    """All dictionaries in a config, from the top down."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from nodes(child)


def leaves(node: Any, place: str = "", lists: bool = True) -> Iterator[tuple[str, Any]]:
    """All values in a config with their places, such as ``phases[0].cfg.randomness.seed``.

    Args:
        node: The config, or a part of it.
        place: Its own place.
        lists: Whether lists and tuples are opened; otherwise they are values.

    Yields:
        Places and values, in order. An empty dictionary or list is a value.
    """
    if isinstance(node, Mapping) and node:
        for key, child in node.items():
            yield from leaves(child, f"{place}.{key}" if place else str(key), lists)
    elif lists and isinstance(node, (list, tuple)) and node:
        for index, child in enumerate(node):
            yield from leaves(child, f"{place}[{index}]", lists)
    else:
        yield place, node


def entries(node: Any, name: str, place: str = "") -> Iterator[tuple[str, Any]]:
    """All entries of a name in a config, with their places.

    Args:
        node: The config, or a part of it.
        name: A key, such as ``batch_size``.
        place: The part's own place.

    Yields:
        Places such as ``train_dataloader.batch_size``, and values, from the top down.
    """
    children: list[tuple[str, Any]] = []
    if isinstance(node, Mapping):
        children = [(f"{place}.{key}" if place else str(key), each) for key, each in node.items()]
        if name in node:
            yield f"{place}.{name}" if place else name, node[name]
    elif isinstance(node, (list, tuple)):
        children = [(f"{place}[{index}]", each) for index, each in enumerate(node)]
    for below, child in children:
        yield from entries(child, name, below)


def at(node: Any, place: str) -> Any:
    """The value at a dotted key such as ``env_cfg.dist_cfg``; None if there is none."""
    for key in place.split("."):
        node = node.get(key) if hasattr(node, "get") else None
    return node


def make_plain(node: Any) -> Any:
    """Replace numbers of numpy and paths by Python's own, in place where that is possible.

    mmengine and mmseg test for ``int``, ``float`` and ``str``, and write the config as text.

    Returns:
        The same part; another one only for a number, a path or a tuple.
    """
    if isinstance(node, np.generic):
        return node.item()
    if isinstance(node, os.PathLike):
        return os.fspath(node)
    if isinstance(node, MutableMapping):
        for key, child in node.items():
            if (made := make_plain(child)) is not child:
                node[key] = made
    elif type(node) is list:
        node[:] = [make_plain(child) for child in node]
    elif type(node) is tuple:
        made = tuple(make_plain(child) for child in node)
        return node if all(a is b for a, b in zip(made, node, strict=True)) else made
    return node


def names(value: Any, where: str) -> tuple[str, ...]:
    """Check a list of names.

    Raises:
        ValueError: If it is a string, which Python would read as a list of letters, a set, which
            has no order, or anything else that is not a list of strings.
    """
    if isinstance(value, str):
        raise ValueError(
            f"{where} is the string {value!r}; it must be a list of names, e.g. [{value!r}]"
        )
    if not isinstance(value, Iterable) or isinstance(value, (Mapping, bytes)):
        raise ValueError(f"{where} is {value!r}; it must be a list of names")
    if isinstance(value, (set, frozenset)):
        listed = sorted(map(str, value))  # for the message; a set has another order in each process
        raise ValueError(f"{where} is a set of {listed}, which has no order; write it as a list")
    listed = list(value)
    for name in listed:
        if not isinstance(name, str):
            raise ValueError(f"{where} is {value!r}; {name!r} in it is not a name")
    return tuple(str(name) for name in listed)  # numpy's strings could not be loaded as data


def numbers(value: Any, where: str) -> tuple[float, ...]:
    """Check one or several numbers; the strings ``'nan'``, ``'inf'`` and ``'-inf'`` are numbers.

    Raises:
        ValueError: If something in it is not a number.
    """
    listed = _one_or_several(value, where, "a number or a list of numbers")
    return tuple(number(item, where) for item in listed)


def number(value: Any, where: str) -> float:
    """Check one number.

    Raises:
        ValueError: If it is not a number.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{where} is {value!r}; it must be a number") from None


def positive(value: Any, where: str) -> tuple[float, ...]:
    """Check one or several numbers above 0, such as sizes.

    Raises:
        ValueError: If something in it is not a number, or is 0 or less.
    """
    found = numbers(value, where)
    if not all(number > 0 for number in found):
        raise ValueError(f"{where} is {value!r}; it must be above 0")
    return found


def integer(value: Any, where: str) -> int:
    """Check one whole number.

    Args:
        value: The value in the config; ``'7'`` and 7.0 are accepted as well.
        where: Its key, for the message.

    Raises:
        ValueError: If it is not a whole number.
    """
    found = number(value, where)
    if not math.isfinite(found) or found != int(found):
        raise ValueError(f"{where} is {value!r}; it must be a whole number")
    # beyond 2^53 a float no longer holds every whole number
    return int(value) if isinstance(value, (int, str)) and not _is_fraction(value) else int(found)


def flag(value: Any, where: str) -> bool:
    """Check True or False; a text such as ``'no'`` would be true.

    Args:
        value: The value in the config; 0 and 1 are accepted as well.
        where: Its key, for the message.

    Returns:
        The same as bool.

    Raises:
        ValueError: If it is neither.
    """
    if not isinstance(value, (bool, int)) or value not in (0, 1):
        raise ValueError(f"{where} is {value!r}; it must be True or False")
    return bool(value)


def integers(value: Any, where: str) -> tuple[int, ...]:
    """Check one or several whole numbers.

    Raises:
        ValueError: If something in it is not a whole number.
    """
    listed = _one_or_several(value, where, "a whole number or a list of them")
    return tuple(integer(item, where) for item in listed)


def as_list(value: Any) -> list[Any]:
    """The elements of a list or tuple; anything else, also None or a string, as the only one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is an integer, and not ``7.0``, ``'7'`` or a boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is an integer or a float, and not ``'7'`` or a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_size(value: object) -> TypeGuard[Sequence[int]]:
    """Whether a value is a (height, width) in pixels: two integers above 0."""
    sides = list(value) if isinstance(value, (list, tuple)) else []
    return len(sides) == 2 and all(is_whole(side) and side > 0 for side in sides)


def _one_or_several(value: Any, where: str, expected: str) -> Iterable[Any]:
    listed = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else value
    if isinstance(listed, (Mapping, bytes)):
        raise ValueError(f"{where} is {value!r}; it must be {expected}")
    return listed


def _is_fraction(value: int | str) -> bool:
    return isinstance(value, str) and not value.strip().lstrip("+-").isdigit()
