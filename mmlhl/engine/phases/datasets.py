"""The multi-task datasets in a config, and the tasks that they offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmseg.registry import DATASETS

from ...datasets import MultiTaskDataset
from ...registered import names_class, registered_class


def multi_task_datasets(node: object) -> Iterator[dict]:
    """Configs of all multi-task datasets below ``node``, inside wrappers too."""
    if isinstance(node, dict):
        if is_multi_task(node):
            yield node
            return
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from multi_task_datasets(child)


def is_multi_task(node: object) -> bool:
    """Whether a config is that of a multi-task dataset, not of what wraps one."""
    return isinstance(node, dict) and names_class(DATASETS, node, MultiTaskDataset)


def offered_tasks(dataset: dict) -> Sequence[str]:
    """Tasks for which the dataset of a config has annotations."""
    cls = registered_class(DATASETS, dataset)
    assert cls is not None and issubclass(cls, MultiTaskDataset)  # by is_multi_task
    changes = dataset.get("annotations") or {}
    return [task for task in {**cls.ANNOTATIONS, **changes} if changes.get(task, True) is not None]
