"""Masked arrays, which a function of the user's may give: what they mask is unknown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..annotation import IGNORE, Annotation
from .labels import need_a_label


def decode_masked(
    raw: np.ma.MaskedArray,
    ann: Annotation,
    path: str,
    decode: Callable[[np.ndarray, Annotation, str], np.ndarray],
) -> np.ndarray:
    """Decode a masked array.

    Args:
        raw: (H, W) or (H, W, K).
        ann: The annotation.
        path: File, for messages.
        decode: Decodes an array without a mask.

    Returns:
        The decoded map, unknown where a channel is masked.

    Raises:
        ValueError: If ``decode`` refuses what is not masked, or nothing is left.
    """
    masked = np.ma.getmaskarray(raw)
    if not masked.any():
        return decode(np.asarray(raw), ann, path)
    missing = masked.any(axis=2) if masked.ndim == 3 else masked
    known = np.asarray(raw).copy()
    if not missing.all():  # a stored number takes the place of what may be no valid one
        known[missing] = known[~missing][0]
        out = decode(known, ann, path)
    else:
        channels = 3 if ann.kind == "normal" else 1
        shape = missing.shape if channels == 1 else (*missing.shape, channels)
        out = np.zeros(shape, np.uint8 if ann.is_integer else np.float32)
    out[missing] = IGNORE if ann.is_integer else np.nan
    if ann.is_integer and not ann.label_map:
        need_a_label(out, ann, path)
    return out


def without_mask(made: np.ndarray, ann: Annotation) -> np.ndarray:
    """A map of the package's convention from one that masks unknown pixels.

    Args:
        made: (H, W) or (H, W, K).
        ann: The annotation.
    """
    if not np.ma.isMaskedArray(made):
        return np.asarray(made)
    masked = np.ma.getmaskarray(made)
    out = np.array(made, made.dtype if ann.is_integer else np.float32)
    out[masked] = IGNORE if ann.is_integer else np.nan
    return out
