"""The multi-task datasets in a config, and their tasks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from mmseg.registry import DATASETS

from ... import config_values
from ...datasets import MultiTaskDataset
from ...datasets.wrappers import is_multi_task
from ...draws import undisturbed
from ...registered import registered_class
from ...spelling import hint


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


def offered_tasks(dataset: dict) -> Sequence[str]:
    """Tasks for which the dataset of a config has annotations."""
    cls = registered_class(DATASETS, dataset)
    assert cls is not None and issubclass(cls, MultiTaskDataset)  # by is_multi_task
    changes = dataset.get("annotations") or {}
    known = [task for task in {**cls.ANNOTATIONS, **changes} if changes.get(task, True) is not None]
    return known if cls.__init__.__module__.startswith("mmlhl.") else _built(dataset, known)


def _built(dataset: dict, known: list[str]) -> list[str]:
    """Tasks of a dataset whose own ``__init__`` may add annotations; ``known`` if it fails."""
    config = {**copy.deepcopy(dataset), "pipeline": [], "lazy_init": True}  # reads no file
    config.pop("tasks", None)
    try:
        with undisturbed():
            annotations = DATASETS.build(config).annotations
    except Exception:  # refused with its reason when the dataset is built for a trial
        return known
    return list(annotations)


def check_listed(listed: Any, offered: Sequence[str], wanted: Sequence[str], place: str) -> None:
    """Refuse ``tasks`` of a dataset that contradict the phase, which sets them itself.

    Raises:
        ValueError: Naming the task that is unknown, or left out.
    """
    if listed is None:
        return
    for task in config_values.names(listed, f"{place}.tasks"):
        if task not in offered:
            raise ValueError(
                f"{place}.tasks names {task!r}, which has no annotation{hint(task, offered)}; "
                f"it offers {list(offered)}"
            )
    left_out = [task for task in wanted if task not in listed]
    if left_out:
        raise ValueError(
            f"{place}.tasks is {list(listed)}, but the phase needs {left_out[0]!r}: name it, or "
            "leave tasks out, as each phase sets its own"
        )
