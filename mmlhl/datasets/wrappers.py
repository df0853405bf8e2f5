"""Datasets that wrap others, such as ``RepeatDataset`` and ``ConcatDataset``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def wrapped(dataset: Any) -> list[Any]:
    """The datasets that a wrapper holds.

    Returns:
        They, none of a dataset that wraps no other.
    """
    inner = getattr(dataset, "dataset", None)
    return [inner] if inner is not None else list(getattr(dataset, "datasets", None) or ())


def innermost(dataset: Any) -> Iterator[Any]:
    """The datasets inside wrappers that wrap no others."""
    inner = wrapped(dataset)
    for each in inner:
        yield from innermost(each)
    if not inner:
        yield dataset
