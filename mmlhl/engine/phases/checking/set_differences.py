"""Training and test sets that read the labels of a task differently, or hold the same images."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from mmengine.logging import print_log

from ....datasets import MultiTaskDataset
from ....datasets.given_options import read_alike
from ....datasets.wrappers import wrapped
from ..supply import KEPT
from .agreement import OutputSpace

#: options that say what stored numbers mean; sets of the same files have the same ones
READING = ("scale", "offset", "axes", "id_map", "reduce_zero_label", "threshold", "channels")
#: what may stand in a set whose files need no such option; a wrong one goes unnoticed
_SAID = dict(
    scale="scale=1",
    offset="offset=0",
    axes="axes=('x', 'y', 'z')",
    id_map="an id_map of each id to itself",
    reduce_zero_label="reduce_zero_label=False",
)
_warned: set[str] = set()


def check_same_reading(
    heads: Mapping[str, OutputSpace], tasks: Sequence[str], trained: Any, tested: Any, place: str
) -> None:
    """Compare how the training and test sets of a phase read the labels of its tasks.

    Joined sets are also compared with each other.

    Raises:
        ValueError: If a field has another unit, such as disparity in place of depth, or one set
            has an option that another one of files in the same format does not mention, such as
            ``max_value`` of images. Other differences, and images in both sets, are logged as
            warnings, each once per process.
    """
    ours = list(_sets(trained, "train_dataloader.dataset"))
    theirs = list(_sets(tested, f"{place}.dataset"))
    if not ours or not theirs:
        return
    for (first, one), (second, other) in combinations([*ours, *theirs], 2):
        _compare_images((first, one), (second, other))
        for task in tasks:
            _compare(task, heads[task].field, (first, one), (second, other))
    both = {_image(trained, index) for index in range(min(len(trained), KEPT))} - {None}
    tests = [_image(tested, index) for index in range(min(len(tested), KEPT))]
    if same := [image for image in tests if image in both]:
        _warn(
            f"{place}.dataset has the image {same[0]}, as train_dataloader.dataset has: is it "
            "meant to measure images that were trained?"
        )


def _sets(dataset: Any, place: str) -> Iterator[tuple[str, MultiTaskDataset]]:
    """The multi-task datasets inside wrappers, with their places for messages."""
    if isinstance(dataset, MultiTaskDataset):
        yield place, dataset
        return
    joined = getattr(dataset, "dataset", None) is None
    for index, inner in enumerate(wrapped(dataset)):
        yield from _sets(inner, f"{place}.datasets[{index}]" if joined else place)


def _compare_images(
    ours: tuple[str, MultiTaskDataset], theirs: tuple[str, MultiTaskDataset]
) -> None:
    """Refuse a number for white that only one of two sets says; warn of other decoding."""
    (here, one), (there, other) = ours, theirs
    if one.img["suffix"].lower() != other.img["suffix"].lower():
        return
    for key in ("max_value", "color_type"):
        a, b = (getattr(each.img_loader, key, None) for each in (one, other))
        if a == b:
            continue
        values = (
            f"images are read with {key}={a!r} in {here}, but with {key}={b!r} in {there} "
            "(options of LoadImageFromFile in their pipelines)"
        )
        if key == "max_value" and None in (a, b):
            mute = here if a is None else there
            raise ValueError(
                f"{values}: give both the same or, if the files differ, name white in {mute}, too: "
                "max_value=65535 for all of 16 bits, 255 for 8"
            )
        _warn(values)


def _compare(
    task: str, field: str, ours: tuple[str, MultiTaskDataset], theirs: tuple[str, MultiTaskDataset]
) -> None:
    """Refuse another unit and what only one of two sets says; warn of what both say."""
    (here, first), (there, second) = ours, theirs
    one, other = (each.metainfo.get(f"{field}_unit") for each in (first, second))
    if one and other and one != other:
        raise ValueError(
            f"{there} has {task!r} in {other!r}, but {here} in {one!r}: give both one unit "
            "(inverse, post, or metainfo)"
        )
    a, b = first.ann_specs.get(task), second.ann_specs.get(task)
    if a is None or b is None or (a.kind, a.suffix) != (b.kind, b.suffix):
        return  # sets in other formats
    for key in READING:
        if read_alike(key, a, b):
            continue
        mute = [
            place
            for place, each in (ours, theirs)
            if key not in each.given_options.get(task, frozenset())
        ]
        values = (
            f"the labels of {task!r} are read with {key}={getattr(a, key)!r} in {here}, but with "
            f"{key}={getattr(b, key)!r} in {there}"
        )
        of_colours = a.kind == "normal" and key in ("scale", "offset")
        if mute and key in _SAID and not of_colours:
            raise ValueError(
                f"{values}: give both the same, or, if the files differ, write {_SAID[key]} into "
                f"annotations[{task!r}] of {mute[0]}, which says nothing of it"
            )
        _warn(values)


def _image(dataset: Any, index: int) -> str | None:
    try:
        return str(dataset.get_data_info(index)["img_path"])
    except (AttributeError, KeyError):
        return None


def _warn(sentence: str) -> None:
    if sentence not in _warned:
        _warned.add(sentence)
        print_log(sentence, "current", logging.WARNING)
