"""Test sets of different tasks, tested as one."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import ConcatDataset
from mmseg.registry import DATASETS

from .multi_task_dataset import MultiTaskDataset
from .wrappers import innermost

#: what mmseg says of the classes of ``gt_sem_seg``, without the field's name
_OF_CLASSES = ("classes", "palette", "label_map", "reduce_zero_label")
#: what may differ: how each set reads its own files, and colours
_OWN = ("label_map", "reduce_zero_label", "palette")


class _Everything(list):
    """A list of keys that has every key."""

    def __contains__(self, key: object) -> bool:
        return True


@DATASETS.register_module()
class JoinedDatasets(ConcatDataset):
    """mmengine's ``ConcatDataset`` for sets with labels of different tasks.

    Its meta information is that of all sets together, and classes come from a set that reads labels
    of classes. ``ConcatDataset`` takes what the first set says, and refuses sets that differ.

    Args:
        datasets: Configs of the datasets, ours or mmseg's, or datasets.
        lazy_init: As in mmengine.

    Raises:
        ValueError: If ``datasets`` is empty, or two sets differ in what they say of one task, such
            as its classes.
    """

    def __init__(self, datasets: Sequence[Any], lazy_init: bool = False) -> None:
        if not isinstance(datasets, (list, tuple)) or not datasets:
            raise ValueError(f"datasets of JoinedDatasets is {datasets!r}; list at least one")
        super().__init__(list(datasets), lazy_init=lazy_init, ignore_keys=_Everything())
        self._metainfo = _merged(self.datasets)


def _merged(datasets: Sequence[Any]) -> dict[str, Any]:
    """What any of the datasets says."""
    found: dict[str, Any] = {}
    said_by: dict[str, int] = {}
    for index, dataset in enumerate(datasets):
        of_classes = _reads_classes(dataset)
        for key, value in dataset.metainfo.items():
            if key in _OF_CLASSES and not of_classes:
                continue
            if key not in found:
                found[key], said_by[key] = copy.deepcopy(value), index
            elif not key.endswith(_OWN) and _plain(found[key]) != _plain(value):
                raise ValueError(
                    f"JoinedDatasets: datasets[{said_by[key]}] and datasets[{index}] differ in "
                    f"{key}: {found[key]!r:.80} and {value!r:.80}; sets of one task need "
                    "the same; leave the task of one of them out by annotations=dict(<task>=None)"
                )
    return found


def _plain(value: Any) -> Any:
    """A value that can be compared, lists like tuples and arrays."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value


def _reads_classes(dataset: Any) -> bool:
    """Whether a dataset has labels for ``gt_sem_seg``."""
    return any(
        any(spec.field == "sem_seg" for spec in each.ann_specs.values())
        if isinstance(each, MultiTaskDataset)
        else (getattr(each, "data_prefix", None) or {}).get("seg_map_path")
        for each in innermost(dataset)
    )
