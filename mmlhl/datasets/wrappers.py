"""Datasets that wrap others, such as ``RepeatDataset`` and ``ConcatDataset``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmseg.registry import DATASETS

from ..config_values import as_list
from ..registered import names_class
from .multi_task_dataset import MultiTaskDataset


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


def innermost_configs(node: Any) -> Iterator[dict]:
    """Configs of the datasets inside wrappers, of any class; none if ``node`` is no config."""
    if not isinstance(node, dict):
        return
    inner = [node.get("dataset"), *as_list(node.get("datasets"))]
    inner = [] if is_multi_task(node) else [each for each in inner if isinstance(each, dict)]
    if not inner:
        yield node
    for each in inner:
        yield from innermost_configs(each)


def is_multi_task(node: object) -> bool:
    """Whether a config is that of a multi-task dataset itself, not of a wrapper."""
    return isinstance(node, dict) and names_class(DATASETS, node, MultiTaskDataset)
