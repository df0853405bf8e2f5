"""The classes that an image shows, by which mmengine's ``ClassBalancedDataset`` repeats images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .annotation import IGNORE
from .transforms import LoadMultiTaskAnnotations

if TYPE_CHECKING:
    from .multi_task_dataset import MultiTaskDataset


def shown_classes(dataset: MultiTaskDataset, idx: int) -> list[tuple[str, int]]:
    """Classes in the labels of an image.

    Returns:
        Task and class of each, for all tasks of classes that the dataset reads.

    Raises:
        ValueError: If it reads none, or a label does not fit its annotation.
        FileNotFoundError: If a label is missing.
    """
    tasks = [task for task, ann in dataset.ann_specs.items() if ann.kind == "classes"]
    if not tasks:
        raise ValueError(
            f"{type(dataset).__name__} is asked for the classes in its images, but its tasks "
            f"{list(dataset.ann_specs)} have none; wrap it in ClassBalancedDataset in a phase of "
            "classes only: phases[i].cfg=dict(train_dataloader=dict(dataset=dict(_delete_=True, "
            "type='ClassBalancedDataset', ...)))"
        )
    info = dataset.get_data_info(idx)
    if any(dataset.ann_specs[task].source is not None for task in tasks):
        info = dataset.img_loader(info)
    info.pop("stored_labels", None)
    loader = LoadMultiTaskAnnotations(tasks=tasks, backend_args=dataset.backend_args)
    found: Mapping = loader({**info, "seg_fields": [], "dense_fields": {}})
    return [
        (task, int(each))
        for task in tasks
        for each in np.unique(found[dataset.ann_specs[task].key])
        if each != IGNORE
    ]
