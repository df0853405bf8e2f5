"""A look at a dataset's first sample: what would be learned in a wrong unit is named at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import mmengine.fileio as fileio
import numpy as np
from mmengine.logging import print_log

from .annotation import Annotation
from .decoding import decode, pick_channels
from .decoding.normals import normal_lengths
from .reading import read_raw

if TYPE_CHECKING:
    from .multi_task_dataset import MultiTaskDataset

_said: set[str] = set()


def need_first(dataset: MultiTaskDataset) -> None:
    """A wrong suffix shows on the first sample; files in the middle are found when read.

    Args:
        dataset: Its list of samples is made.

    Raises:
        ValueError: If it is empty.
        FileNotFoundError: If the first sample lacks a file.
    """
    owner = type(dataset).__name__
    if not dataset.data_list:
        raise ValueError(f"{owner}: no samples left (indices={dataset._indices!r})")
    first = dataset.data_list[0]
    needed = {"img": first["img_path"]}
    needed.update({f"annotations[{t!r}]": p for t, p in first["ann_paths"].items()})
    for key, path in needed.items():
        if not fileio.exists(path, backend_args=dataset.backend_args):
            raise FileNotFoundError(
                f"{owner}: {path!r}, the {key} file of the first sample {first['img_id']!r}, does "
                f"not exist; check 'dir' and 'suffix' of {key}" + hint(dataset, key)
            )


def hint(dataset: MultiTaskDataset, key: str) -> str:
    """What serves images that have no annotations, for a message that misses one.

    Args:
        dataset: Only one for testing gets the hint.
        key: The config's key of the folder or file that is missing.

    Returns:
        The end of a sentence, or nothing.
    """
    if not (dataset.test_mode and key.startswith("annotations")):
        return ""
    return "; tools/infer.py predicts images that have no annotations"


def look_at_first(dataset: MultiTaskDataset) -> list[str]:
    """Log a warning for depth of thousands of metres and normals that are no unit vectors.

    Files that cannot be read at all are left to whoever reads them next.

    Args:
        dataset: Its first sample is read.

    Returns:
        What is doubtful. Each sentence is logged once a process, however many datasets are built.
    """
    first = dataset.data_list[0]
    doubts = []
    for name, path in first["ann_paths"].items():
        ann = dataset.ann_specs[name]
        if ann.kind not in ("depth", "normal") or ann.reader is not None:
            continue
        try:
            doubt = _doubt(read_raw(path, name, dataset.backend_args), ann, path)
        except (OSError, ValueError):
            continue
        if doubt is not None:
            doubts.append(f"{path}: {doubt}")
    for doubt in doubts:
        if doubt not in _said:
            _said.add(doubt)
            print_log(doubt, logger="current", level=logging.WARNING)
    return doubts


def _doubt(raw: np.ndarray, ann: Annotation, path: str) -> str | None:
    if ann.kind == "normal":
        return doubt_lengths(normal_lengths(pick_channels(raw, ann, path), ann, path), ann)
    depth = decode(raw, ann, path)
    return doubt_depth(depth[np.isfinite(depth)], ann)


def doubt_depth(depth: np.ndarray, ann: Annotation) -> str | None:
    """What is odd about a depth in metres.

    Args:
        depth: (N,) known numbers.
        ann: Its annotation.

    Returns:
        A sentence, or None if it may be metres, or nobody needs to know the unit.
    """
    if ann.scale is not None or ann.inverse or ann.post is not None or not len(depth):
        return None
    greatest = float(depth.max())
    # metres in whole numbers are rare, and half of an image beyond a kilometre is rare, too
    whole = greatest > 255 and bool((depth == np.round(depth)).all())
    if not whole and float(np.median(depth)) <= 1000:
        return None
    return (
        f"{ann.name!r} is read without 'scale' and reaches {greatest:.6g} m; if it is stored in "
        "millimetres, set scale=0.001 in its annotation, if it is in metres, scale=1"
    )


def doubt_lengths(lengths: np.ndarray, ann: Annotation) -> str | None:
    """What is odd about the lengths of stored normals.

    Args:
        lengths: (N,) lengths after scale and offset.
        ann: Their annotation.

    Returns:
        A sentence, or None if nearly all are about one.
    """
    if not len(lengths):
        return None
    off = np.abs(lengths - 1) > 0.25
    if off.mean() <= 0.05:
        return None
    return (
        f"{100 * off.mean():.0f} % of the normals of {ann.name!r} have lengths far from 1 "
        f"({lengths.min():.3g}..{lengths.max():.3g}); if they are colours, set 'scale' and "
        "'offset' of the annotation, if a number marks pixels without a normal, 'invalid'"
    )
