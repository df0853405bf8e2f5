"""The values inside of nested data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

#: nested lists and dicts that are searched
DEPTH = 50


def placed_values(
    node: Any, place: str = "", seen: dict[int, Any] | None = None, depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """All values in lists and dicts, with their places; empty lists and dicts are none.

    Args:
        node: A value, list or dict.
        place: Its own place.
        seen: Lists and dicts that are not entered again, as a file can hold one in itself.
        depth: Lists and dicts around it; at 50 the search ends.
    """
    seen = {} if seen is None else seen
    if not isinstance(node, (Mapping, list, tuple)):
        yield place, node
    elif depth <= DEPTH and id(node) not in seen:
        seen[id(node)] = node
        named = isinstance(node, Mapping)
        for key, value in node.items() if named else enumerate(node):
            inner = f"{place}[{key}]" if not named else f"{place}.{key}" if place else str(key)
            yield from placed_values(value, inner, seen, depth + 1)


def placed_tensors(node: Any, place: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors in lists and dicts, with their places."""
    for where, value in placed_values(node, place):
        if isinstance(value, Tensor):
            yield where, value


def spread(node: Any) -> tuple[float, float]:
    """How much nested data holds if parts that it names twice are counted twice.

    A file of a hundred bytes can name a list in itself ten times, that one in another, and so on:
    who copies or prints it all never ends.

    Returns:
        Number of values, and of lists and dicts around the deepest; both infinite if a list or dict
        is in itself.
    """
    known: dict[int, tuple[float, float]] = {}
    entered: set[int] = set()
    pending = [node]
    while pending:
        each = pending[-1]
        inner = _inside(each)
        if inner is None or id(each) in known:
            pending.pop()
        elif id(each) in entered:  # all inside is known, or leads back to it
            pending.pop()
            parts = [_spread_of(value, known) for value in inner]
            deepest = max((depth for _, depth in parts), default=0)
            known[id(each)] = 1 + sum(count for count, _ in parts), 1 + deepest
        else:
            entered.add(id(each))
            pending.extend(value for value in inner if id(value) not in known)
    return _spread_of(node, known)


def _inside(node: Any) -> list | None:
    if isinstance(node, Mapping):
        return [*node.values()]
    return [*node] if isinstance(node, (list, tuple)) else None


def _spread_of(value: Any, known: Mapping[int, tuple[float, float]]) -> tuple[float, float]:
    if not isinstance(value, (Mapping, list, tuple)):
        return 1, 0
    return known.get(id(value), (math.inf, math.inf))
