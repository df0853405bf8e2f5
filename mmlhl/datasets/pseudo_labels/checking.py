"""Checks of a stored label: it must be one that the teacher's head can give."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from .coding import Encoded

_SLACK = 0.05  # of the length of a unit vector, which 11 bits change by less


@dataclass(frozen=True)
class LabelSpec:
    """How the labels of a task are stored.

    Attributes:
        task: Name of the task.
        key: Key of its map in a pipeline's results.
        kind: Kind of the map, by which transforms treat it, one of
            :data:`~mmlhl.datasets.annotation.KINDS`.
        inverse: Whether it is inverse depth, which grows under zoom.
        classes: Number of classes; None if unknown.
        channels: Number of numbers per pixel; None if unknown.
        bounded: Whether numbers are within 0..1, and vectors not longer than 1.
    """

    task: str
    key: str
    kind: str
    inverse: bool = False
    classes: int | None = None
    channels: int | None = None
    bounded: bool = False


def stored_arrays(stored: Any, specs: list[LabelSpec]) -> list[Encoded]:
    """The arrays of an open file of labels, in the order of the specs.

    Raises:
        ValueError: If an array is not one that :func:`~.coding.encode_label` gives.
        LookupError: If one is missing.
    """
    if any(member.compress_type != zipfile.ZIP_STORED for member in stored.zip.infolist()):
        raise ValueError("it is compressed, which labels are not")
    exponents = stored["exponents"]
    if exponents.dtype != np.int16 or exponents.shape != (len(specs),):
        raise ValueError(f"'exponents' is {exponents.dtype} {exponents.shape}")
    return [
        _encoded(stored[f"task.{spec.task}"], spec, int(exponent))
        for spec, exponent in zip(specs, exponents, strict=True)
    ]


def _encoded(array: np.ndarray, spec: LabelSpec, exponent: int) -> Encoded:
    classes = array.dtype in (np.uint8, np.uint16) and array.ndim == 2
    numbers = array.dtype == np.float16 and array.ndim in (2, 3)
    vectors = array.dtype == np.int8 and array.ndim == 3 and array.shape[2] == 3
    fits = dict(classes=classes, normal=numbers or vectors).get(spec.kind, numbers)
    if not fits:
        raise ValueError(
            f"the array of task {spec.task!r} is {array.dtype} {array.shape}, which is no label of "
            f"kind {spec.kind!r}"
        )
    channels = array.shape[2] if array.ndim == 3 else 1
    if spec.channels not in (None, channels):
        raise ValueError(
            f"the array of task {spec.task!r} has {channels} channels; expected {spec.channels}"
        )
    return Encoded(array, exponent)


def check_label(label: np.ndarray, spec: LabelSpec) -> None:
    """Refuse a decoded label with values that no teacher gives.

    Args:
        label: Classes (H, W), or numbers (H, W) or (H, W, K).
        spec: Spec of its task.

    Raises:
        ValueError: If there are ids that are no classes, NaN or infinity, probabilities outside of
            0..1, or vectors that are longer than 1.
    """
    where = f"the label of task {spec.task!r}"
    if spec.kind == "classes":
        if spec.classes is not None and label.max(initial=0) >= spec.classes:
            raise ValueError(f"{where} has class {label.max()} of {spec.classes}")
        return
    low, high = float(label.min(initial=0)), float(label.max(initial=0))
    if not np.isfinite([low, high]).all():
        raise ValueError(f"{where} holds NaN or infinity")
    if not spec.bounded:
        return
    if spec.kind != "normal":
        if low < -_SLACK or high > 1 + _SLACK:
            raise ValueError(f"{where} holds {low:g}..{high:g}, which are no probabilities")
    else:
        longest = float(np.sqrt(np.einsum("hwc,hwc->hw", label, label).max(initial=0)))
        if longest > 1 + _SLACK:
            raise ValueError(f"{where} has a vector of length {longest:.3g}; expected 1")
