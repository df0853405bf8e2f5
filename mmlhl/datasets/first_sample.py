"""Checks of a dataset's first sample: missing files, and values in a wrong unit."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Sequence
from typing import Any, Protocol

import mmengine.fileio as fileio
import numpy as np
from mmengine.logging import print_log

from .annotation import Annotation
from .dark_images import look_at_images, spread
from .decoding import decode, pick_channels
from .decoding.normals import normal_lengths
from .depth_units import depth_sentence, full_numbers, full_sentence
from .endings import what_is_in
from .normal_frames import frame_sentence, signs_of
from .palettes import look_at_palettes
from .reading import read_raw

_warned: set[str] = set()


class ListedDataset(Protocol):
    """The members of a dataset that these checks use."""

    data_list: list[dict]
    ann_specs: dict[str, Annotation]
    backend_args: Any
    img_loader: Any
    test_mode: bool
    _indices: Any

    def __len__(self) -> int:
        """Number of samples."""

    def get_data_info(self, idx: int) -> dict:
        """Dictionary of one sample."""


def need_first(dataset: ListedDataset) -> None:
    """Check that the files of the first sample exist, which reveals a wrong folder or suffix.

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
                f"not exist; check 'dir' and 'suffix' of {key}"
                + (what_is_in(*osp.split(path)) + infer_hint(dataset, key))
            )


def infer_hint(dataset: ListedDataset, key: str) -> str:
    """A hint at ``tools/infer.py``, for messages about annotations missing in tests.

    Returns:
        The end of a sentence; empty if the hint does not apply.
    """
    if not (dataset.test_mode and key.startswith("annotations")):
        return ""
    return "; tools/infer.py predicts images that have no annotations"


def look_at_first(dataset: ListedDataset) -> list[str]:
    """Log a warning for odd depth, normals, masks or palettes, and for black images.

    Files that cannot be read are skipped; reading them for training raises the error.

    Returns:
        The warnings. Each is logged once per process, for any number of datasets.
    """
    # during the dataset's construction, its list is not serialised yet
    listed = dataset.data_list
    first, doubts = listed[0] if listed else dataset.get_data_info(0), []
    samples = listed or [dataset.get_data_info(place) for place in spread(len(dataset))]
    if doubt := look_at_images(samples, dataset.img_loader, dataset.backend_args):
        doubts.append(f"{osp.dirname(first['img_path'])}: {doubt}")
    for name, path in first["ann_paths"].items():
        ann = dataset.ann_specs[name]
        labels = [samples[place]["ann_paths"][name] for place in spread(len(samples))]
        if doubt := look_at_palettes(labels, ann, dataset.backend_args):
            doubts.append(doubt)
        if ann.kind == "classes" or ann.reader is not None:
            continue
        try:
            raw = read_raw(path, name, dataset.backend_args)
            doubt = _doubt(raw, ann, path)
            doubt = doubt or _unknown_sentence(raw, labels, ann, dataset.backend_args)
        except (OSError, ValueError):
            continue
        if doubt:
            doubts.append(f"{path}: {doubt}")
    for doubt in doubts:
        if doubt not in _warned:
            _warned.add(doubt)
            print_log(doubt, logger="current", level=logging.WARNING)
    return doubts


def _unknown_sentence(
    first: np.ndarray, paths: Sequence[str], ann: Annotation, backend_args: dict | None
) -> str:
    """A warning if nothing is known in any of a few maps of numbers; the first is enough usually.

    Args:
        first: The stored numbers of the first file.
        paths: All of them.
        ann: Their annotation.
        backend_args: Arguments of mmengine's file backend.

    Raises:
        OSError: If one cannot be read.
        ValueError: If one cannot be decoded.
    """
    for path in paths:
        raw = first if path == paths[0] else read_raw(path, ann.name, backend_args)
        found = decode(raw, ann, path)
        if (found == 1 if ann.is_integer else np.isfinite(found)).any():
            return ""
    if ann.is_integer:
        return absent_sentence(
            ann.name, "foreground (1)", f"{len(paths)} files, spread over the set"
        )
    marks = "all numbers are 'invalid'"
    if ann.max_value is not None:
        unit = " metres" if ann.kind == "depth" and not ann.inverse else ""
        marks += f", or above max_value={ann.max_value:g}{unit}, which is compared after 'scale'"
    return (
        f"nothing is known of {ann.name!r} in {len(paths)} file(s), spread over the set, so "
        f"nothing would be learned or measured: {marks}"
    )


def _doubt(raw: np.ndarray, ann: Annotation, path: str) -> str:
    if ann.kind == "normal":
        lengths = normal_lengths(pick_channels(raw, ann, path), ann, path)
        if not len(lengths):
            return ""
        share = float(far_from_one(lengths).mean())
        found = lengths_sentence(ann.name, share, float(lengths.min()), float(lengths.max()))
        if found:
            return found
        normals = decode(raw, ann, path).reshape(-1, 3)
        normals = normals[np.isfinite(normals).all(axis=1)]
        return frame_sentence(ann.name, signs_of(normals), len(normals))
    if ann.threshold is not None:
        return _threshold_sentence(raw, ann)
    if ann.kind != "depth":
        return ""
    depth = decode(raw, ann, path)
    depth = depth[np.isfinite(depth)]
    if not len(depth):
        return ""
    whole = bool((depth == np.round(depth)).all())
    return depth_sentence(ann, float(depth.max()), float(depth.mean()), whole) or full_sentence(
        ann, full_numbers(depth, ann) / len(depth)
    )


def absent_sentence(name: str, what: str, files: str) -> str:
    """A warning that masks lack the foreground, or the background."""
    return (
        f"{name!r} has no {what} in any of {files}; if the files mean it by another number, set "
        "'threshold' or 'id_map' of the annotation"
    )


def _threshold_sentence(raw: np.ndarray, ann: Annotation) -> str:
    """A warning if a threshold is probably one of 8 bits, but the greys have 16."""
    assert ann.threshold is not None
    greatest = raw.max(initial=0)
    if (
        raw.dtype != np.uint16
        or not 1 <= ann.threshold <= 255 < greatest
        or len(np.unique(raw)) < 3
    ):
        return ""
    return (
        f"{ann.name!r} has numbers of 16 bits up to {greatest}, of which nearly all are above "
        f"threshold={ann.threshold:g}; if they are greys, set threshold={ann.threshold * 257:g}"
    )


def far_from_one(lengths: np.ndarray) -> np.ndarray:
    """Which lengths cannot be those of rounded, compressed or resampled unit vectors.

    Args:
        lengths: (N,) lengths.

    Returns:
        (N,) bool.
    """
    return (lengths < 0.5) | (lengths > 1.25)


def lengths_sentence(name: str, share: float, shortest: float, longest: float) -> str:
    """A warning if stored normals are probably no unit vectors.

    Returns:
        A sentence; empty if nearly all are about one.
    """
    if share <= 0.05:
        return ""
    return (
        f"{100 * share:.0f} % of the normals of {name!r} have lengths far from 1 "
        f"({shortest:.3g}..{longest:.3g}); if they are colours, set 'scale' and 'offset' of the "
        "annotation, if a number marks pixels without a normal, 'invalid'"
    )
