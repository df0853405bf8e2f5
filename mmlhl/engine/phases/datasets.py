"""The multi-task datasets in a config, and the tasks that they offer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

from mmseg.registry import DATASETS

from ...datasets import MultiTaskDataset


def multi_task_datasets(node: object) -> Iterator[dict]:
    """Configs of all multi-task datasets below ``node``, inside wrappers too."""
    if isinstance(node, dict):
        cls = node.get("type")
        cls = DATASETS.get(cls) if isinstance(cls, str) else cls
        if inspect.isclass(cls) and issubclass(cls, MultiTaskDataset):
            yield node
            return
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from multi_task_datasets(child)


def offered_tasks(dataset: dict) -> Sequence[str]:
    """Tasks for which the dataset of a config has annotations."""
    cls = dataset["type"]
    cls = DATASETS.get(cls) if isinstance(cls, str) else cls
    changes = dataset.get("annotations") or {}
    return [task for task in {**cls.ANNOTATIONS, **changes} if changes.get(task, True) is not None]
