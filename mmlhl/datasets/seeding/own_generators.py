"""Finding the random generators of a dataset's transforms, besides the global ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ..transforms.trials import own_draws

_LEAVES = (str, bytes, int, float, bool, np.ndarray, torch.Tensor, type)
_CONTAINERS = (Mapping, list, tuple, set)
#: longer collections, such as lists of samples, are not searched
_LONGEST = 256


def own_generators(root: Any) -> list[Any]:
    """All random generators that a dataset, a pipeline or a transform may draw from.

    Returns:
        Generators of Python, numpy and torch, and objects with a ``set_random_seed`` such as
        albumentations' ``Compose``, that are reachable by attributes, lists and dictionaries, or
        that functions and methods of a user's own name, as variables of their module; each once.
    """
    seen: dict[int, Any] = {}
    found = list(_search(root, seen))
    users = [node for node in seen.values() if not isinstance(node, _CONTAINERS)]
    return found + own_draws.named_generators(users, set(seen))


def _search(node: Any, seen: dict[int, Any]) -> Iterator[Any]:
    if node is None or isinstance(node, _LEAVES) or id(node) in seen:
        return
    seen[id(node)] = node
    if own_draws.seeder(node) is not None:
        yield node
        return
    if isinstance(node, Mapping):
        children = list(node.values())
    elif isinstance(node, (list, tuple, set)):
        children = list(node)
    else:
        children = list(getattr(node, "__dict__", {}).values())
    if len(children) <= _LONGEST:
        for child in children:
            yield from _search(child, seen)
