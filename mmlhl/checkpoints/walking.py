"""The tensors inside of nested data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

#: nested lists and dicts that are searched
_DEPTH = 50


def placed_tensors(node: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """All tensors in lists and dicts, with their places.

    Args:
        node: A tensor, list or dict; anything else contains none.
        place: Its own place.
        depth: Lists and dicts around it; at 50 the search ends.
    """
    if isinstance(node, Tensor):
        yield place, node
    elif depth > _DEPTH:
        return
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from placed_tensors(value, f"{place}.{key}" if place else str(key), depth + 1)
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from placed_tensors(value, f"{place}[{index}]", depth + 1)
