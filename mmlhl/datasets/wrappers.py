"""Datasets that wrap others, such as ``RepeatDataset`` and ``ConcatDataset``."""

from __future__ import annotations

from typing import Any


def wrapped(dataset: Any) -> list[Any]:
    """The datasets that a wrapper holds.

    Args:
        dataset: A dataset, or one that wraps others as ``dataset`` or ``datasets``.

    Returns:
        They, none of a dataset that wraps no other.
    """
    inner = getattr(dataset, "dataset", None)
    return [inner] if inner is not None else list(getattr(dataset, "datasets", None) or ())
