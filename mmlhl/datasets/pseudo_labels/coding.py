"""Encoding a pseudo label as few bytes per pixel for storage, and decoding it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NORMALS = ("float16", "int8")
"""How unit vectors may be stored."""
_STEPS = 127  # greatest absolute value of a component in 8 bits


class LabelError(ValueError):
    """A label cannot be stored, or a stored label cannot be read."""


@dataclass(frozen=True)
class Encoded:
    """A stored label.

    Attributes:
        array: (H, W) or (H, W, K), uint8, uint16, int8 or float16.
        exponent: Numbers are ``array * 2**exponent``.
    """

    array: np.ndarray
    exponent: int = 0


def encode_label(label: np.ndarray, kind: str, task: str, normals: str = NORMALS[0]) -> Encoded:
    """Encode a label for storage.

    Classes are exact. Numbers keep 11 bits: they are stored in half precision, scaled by a power of
    two that makes the greatest number of the map large, so that their unit does not matter.

    Args:
        label: Classes (H, W) of an integer type, or numbers (K, H, W).
        kind: What numbers mean; ``normal`` for unit vectors.
        task: Names the task in messages.
        normals: How unit vectors are stored: ``float16``, or ``int8`` with an error of up to 0.4
            degrees.

    Raises:
        LabelError: If it is not a label that can be stored, or not finite.
    """
    if np.issubdtype(label.dtype, np.integer):
        return Encoded(_classes(label, task))
    if kind == "classes":
        raise LabelError(
            f"the teacher's label of task {task!r} is no class but numbers; stored labels are "
            "hard: set soft_pseudo_label=False of the head, or leave pseudo_labels out"
        )
    if label.ndim != 3:
        raise LabelError(
            f"the teacher's label of task {task!r} has shape {label.shape}; numbers are stored as "
            "(K, H, W), classes as integers (H, W)"
        )
    if not np.isfinite(label).all():
        raise LabelError(f"the teacher's label of task {task!r} is not finite everywhere")
    numbers = label[0] if len(label) == 1 else np.ascontiguousarray(label.transpose(1, 2, 0))
    if kind == "normal" and normals == "int8":
        return Encoded(np.rint(numbers * _STEPS).clip(-_STEPS, _STEPS).astype(np.int8))
    greatest = float(np.abs(numbers).max(initial=0.0))
    exponent = max(math.frexp(greatest)[1] - 15, -100) if greatest else 0
    return Encoded(np.ldexp(numbers, -exponent).astype(np.float16), exponent)


def _classes(label: np.ndarray, task: str) -> np.ndarray:
    low, high = int(label.min(initial=0)), int(label.max(initial=0))
    if label.ndim != 2 or low < 0 or high > 65535:
        raise LabelError(
            f"the teacher's label of task {task!r} has shape {label.shape} and integers "
            f"{low}..{high}; classes are stored as (H, W), 0..65535"
        )
    return label.astype(np.uint8 if high < 256 else np.uint16)


def decode_label(stored: Encoded) -> np.ndarray:
    """The label as a map of a pipeline's results.

    Args:
        stored: What :func:`encode_label` gave.

    Returns:
        Classes (H, W) as stored, or numbers (H, W) or (H, W, K) float32. Vectors that were stored
        in 8 bits have unit length again.
    """
    array = stored.array
    if array.dtype == np.int8:
        vectors = array.astype(np.float32)
        length = np.sqrt(np.einsum("hwc,hwc->hw", vectors, vectors))
        return vectors / np.maximum(length, 1)[..., None]
    if array.dtype != np.float16:
        return array
    with np.errstate(over="ignore", invalid="ignore"):  # whoever reads a file checks for infinity
        return array.astype(np.float32) * np.float32(2.0**stored.exponent)
