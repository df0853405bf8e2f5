"""Parts of a checkpoint that no training writes, and that would fail or lie when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..explaining import is_shown
from .walking import placed_tensors

#: letters of a weight's name; those of deep networks have about a hundred
_LONGEST_NAME = 1000


def shadowed_method(content: Any) -> str | None:
    """A container whose own attributes hide its methods, such as an ``items`` that is a number."""
    pending, seen = [content], set()
    while pending:
        node = pending.pop()
        if isinstance(node, (Tensor, str, bytes, int, float)) or id(node) in seen:
            continue
        seen.add(id(node))
        for name in getattr(node, "__dict__", {}):
            if callable(getattr(type(node), name, None)):
                return f"the {type(node).__name__} in it has an own {name!r} in place of its method"
        if isinstance(node, dict):
            pending.extend(dict.values(node))
        elif isinstance(node, (list, tuple, set, frozenset)):
            pending.extend(node)
    return None


def unusual_tensor(content: Any) -> str | None:
    """The first tensor that is not stored as plain numbers.

    torch does not check the indices of a sparse tensor when it reads one, so that using it may
    read or write anywhere in memory; a tensor on the device "meta" has no numbers at all, and one
    that is quantised stands for others than it stores. No model here holds any of them.
    """
    for place, value in placed_tensors(content):
        kind = None
        if value.is_nested:
            kind = "nested"
        elif value.layout is not torch.strided:
            kind = "sparse"
        elif value.is_quantized:
            kind = "quantised"
        elif value.is_meta:
            kind = "without numbers, on the device 'meta'"
        if kind:
            return f"{place} is a tensor that is {kind}; store it as plain numbers"
    return None


def bad_weight(state: Mapping[Any, Any]) -> str | None:
    """The first entry of a state that is no weight of a module.

    Returns:
        A sentence's end; None if all names are text and all values tensors. What a module of one's
        own stores as its ``_extra_state`` may be anything.
    """
    for name, value in state.items():
        if not isinstance(name, str):
            return f"its state_dict has a weight named {name!r:.60}, which is no text"
        if len(name) > _LONGEST_NAME or not is_shown(name):
            return f"its state_dict has a weight named {name[:60]!r}, which is no name of a weight"
        if not isinstance(value, Tensor) and not name.endswith("_extra_state"):
            return f"its state_dict.{name} is a {type(value).__name__}, not a tensor"
    versions = getattr(state, "_metadata", None)  # torch's versions of modules
    if versions is not None and not (
        isinstance(versions, Mapping) and all(_is_version(each) for each in versions.values())
    ):
        return "the _metadata of its state_dict does not hold the versions of modules"
    return None


def _is_version(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("version"), (int, type(None)))
