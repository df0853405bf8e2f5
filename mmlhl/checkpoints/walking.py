"""The values inside of nested data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

#: nested lists and dicts that are searched
_DEPTH = 50


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
    elif depth <= _DEPTH and id(node) not in seen:
        seen[id(node)] = node
        named = isinstance(node, Mapping)
        for key, value in node.items() if named else enumerate(node):
            inner = f"{place}[{key}]" if not named else f"{place}.{key}" if place else str(key)
            yield from placed_values(value, inner, seen, depth + 1)


def placed_tensors(node: Any, place: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors in lists and dicts, with their places.

    Args:
        node: A tensor, list or dict; anything else contains none.
        place: Its own place.
    """
    for where, value in placed_values(node, place):
        if isinstance(value, Tensor):
            yield where, value
