"""Finding and reseeding random generators inside transforms, besides the global ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

_LEAVES = (str, bytes, int, float, bool, np.ndarray, torch.Tensor, type)
#: longer collections, such as lists of samples, are not searched
_LONGEST = 256


def own_generators(root: Any) -> list[Any]:
    """All random generators reachable from an object by attributes, lists and dictionaries.

    Args:
        root: A dataset, a pipeline or a transform.

    Returns:
        Generators of Python, numpy and torch, and objects with a ``set_random_seed`` such as
        albumentations' ``Compose``, without repetition.
    """
    return list(_search(root, set()))


def _search(node: Any, seen: set[int]) -> Iterator[Any]:
    if node is None or isinstance(node, _LEAVES) or id(node) in seen:
        return
    seen.add(id(node))
    if _seeder(node) is not None:
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


def reseed(generator: Any, seed: int) -> None:
    """Seed one of the generators of :func:`own_generators`."""
    set_seed = _seeder(generator)
    if set_seed is not None:
        set_seed(seed)


def _seeder(node: Any) -> Callable[[int], Any] | None:
    """The function that seeds a generator; None if the object is not a generator."""
    if isinstance(node, random.Random):
        return node.seed
    if isinstance(node, np.random.RandomState):
        return lambda seed: node.seed(seed % 2**32)
    if isinstance(node, np.random.Generator):
        return lambda seed: _reset(node.bit_generator, seed)
    if isinstance(node, torch.Generator):
        return node.manual_seed
    if callable(getattr(node, "set_random_seed", None)):
        return lambda seed: node.set_random_seed(seed % 2**32)
    return None


def _reset(bits: np.random.BitGenerator, seed: int) -> None:
    bits.state = type(bits)(seed).state
