"""Training and test sets that read the labels of a task differently, or hold the same images."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.logging import print_log

from ...datasets import MultiTaskDataset
from ...datasets.wrappers import wrapped
from .agreement import OutputSpace
from .supply import KEPT

#: options that say what stored numbers mean; sets of the same files have the same ones
READING = ("scale", "offset", "axes", "id_map", "reduce_zero_label", "threshold", "channels")
_warned: set[str] = set()


def check_same_reading(
    heads: Mapping[str, OutputSpace], tasks: Sequence[str], trained: Any, tested: Any, place: str
) -> None:
    """Compare how a training and a test set read the labels of the tasks of a phase.

    Args:
        heads: Heads by task.
        tasks: The new tasks of the phase, whose labels the training set has.
        trained: The training set.
        tested: The test set.
        place: Name of the test set's loader in messages.

    Raises:
        ValueError: If a field has another unit, such as disparity in place of depth. Other
            differences, and images in both sets, are logged as warnings, each once per process.
    """
    ours, theirs = _first(trained), _first(tested)
    if ours is None or theirs is None:
        return
    for task in tasks:
        one, other = (
            (getattr(each, "metainfo", None) or {}).get(f"{heads[task].field}_unit")
            for each in (ours, theirs)
        )
        if one and other and one != other:
            raise ValueError(
                f"{place}.dataset has {task!r} in {other!r}, but train_dataloader.dataset in "
                f"{one!r}: give both one unit (inverse, post, or metainfo)"
            )
        for sentence in _differences(task, ours, theirs, place):
            _warn(sentence)
    both = {_image(trained, index) for index in range(min(len(trained), KEPT))} - {None}
    first = [_image(tested, index) for index in range(min(len(tested), KEPT))]
    if same := [image for image in first if image in both]:
        _warn(
            f"{place}.dataset has the image {same[0]}, as train_dataloader.dataset has: is it "
            "meant to measure images that were trained?"
        )


def _differences(
    task: str, ours: MultiTaskDataset, theirs: MultiTaskDataset, place: str
) -> Iterator[str]:
    one, other = ours.ann_specs.get(task), theirs.ann_specs.get(task)
    if one is None or other is None or (one.kind, one.suffix) != (other.kind, other.suffix):
        return  # sets in other formats
    for key in READING:
        here, there = getattr(one, key), getattr(other, key)
        if here != there:
            yield (
                f"the labels of {task!r} are read with {key}={here!r} in train_dataloader.dataset, "
                f"but with {key}={there!r} in {place}.dataset"
            )


def _first(dataset: Any) -> MultiTaskDataset | None:
    while not isinstance(dataset, MultiTaskDataset):
        inner = wrapped(dataset)
        if not inner:
            return None
        dataset = inner[0]
    return dataset


def _image(dataset: Any, index: int) -> str | None:
    try:
        return str(dataset.get_data_info(index)["img_path"])
    except (AttributeError, KeyError):
        return None


def _warn(sentence: str) -> None:
    if sentence not in _warned:
        _warned.add(sentence)
        print_log(sentence, "current", logging.WARNING)
