"""Decoding of depth and channels: real numbers with NaN for unmeasured pixels."""

from __future__ import annotations

import numpy as np

from ..annotation import Annotation
from .layout import one_channel


def decode_depth(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Depth in real numbers.

    Args:
        raw: (H, W) or (H, W, 1) stored numbers.
        ann: Scale, offset and marks.
        path: File, for messages.

    Returns:
        (H, W) float32, NaN where unmeasured.

    Raises:
        ValueError: If there are several channels, or numbers that are negative, infinite or NaN
            and not in ``invalid``.
    """
    out = _scaled(one_channel(raw, ann, path), ann, path)
    out[out == 0] = np.nan  # no surface has depth 0, whatever 'invalid' lists
    return out


def decode_channels(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Channels in real numbers.

    Args:
        raw: (H, W) or (H, W, K) stored numbers.
        ann: Scale, offset and marks.
        path: File, for messages.

    Returns:
        (H, W) or (H, W, K) float32, NaN where unmeasured.

    Raises:
        ValueError: If there are infinite or NaN numbers that are not in ``invalid``.
    """
    out = _scaled(raw, ann, path)
    return out[..., 0] if out.ndim == 3 and out.shape[2] == 1 else out


def _scaled(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Scaled numbers with NaN for unmeasured pixels; raises for numbers that are invalid."""
    scale = np.float32(1.0 if ann.scale is None else ann.scale)
    with np.errstate(over="ignore", invalid="ignore"):  # checked below
        # the product is a new array, so the writes below leave the file's buffer untouched
        out = np.multiply(raw, scale, dtype=np.float32, casting="unsafe")
    if ann.offset:
        out += np.float32(ann.offset)
    missing = None
    for value in ann.invalid_numbers:
        hit = holds_mark(raw, value)
        missing = hit if missing is None else missing | hit
    if ann.nan_is_invalid and raw.dtype.kind == "f":
        hit = np.isnan(raw)
        missing = hit if missing is None else missing | hit
    if ann.max_value is not None:
        # before the check for infinity, which is above max_value too
        hit = out > ann.max_value
        missing = hit if missing is None else missing | hit
    if missing is not None and missing.any():
        out[missing] = 0.0  # so that it passes the checks below; set to NaN at the end
    lowest = out.min()
    if not np.isfinite(lowest + out.max()):
        raise ValueError(
            f"{path}: NaN or infinity in {ann.kind} annotation {ann.name!r}, where finite numbers "
            "were expected; list 'nan' or 'inf' in 'invalid' if it means unmeasured"
            + ("" if ann.max_value is not None else ", or set 'max_value'")
        )
    if ann.kind == "depth" and lowest < 0:
        raise ValueError(
            f"{path}: negative depth {lowest:g} in annotation {ann.name!r}; expected numbers "
            f">= 0 or one of invalid={ann.invalid}; scale={ann.scale}, offset={ann.offset}"
        )
    if missing is not None:
        out[missing] = np.nan
    return out


def holds_mark(raw: np.ndarray, value: float) -> np.ndarray:
    """Where an array holds a number that means "not measured".

    Args:
        raw: Stored numbers.
        value: The number, which arrays of 64 bits may hold as rounded to 32, as in a file before.

    Returns:
        Array of bool of the same shape.
    """
    hit = raw == value
    if raw.dtype.kind == "f" and raw.dtype.itemsize > 4:
        hit |= raw == np.float64(np.float32(value))
    return hit
