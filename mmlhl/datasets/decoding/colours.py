"""Labels in which a colour means a class: each colour is one stored id."""

from __future__ import annotations

import numpy as np

from ..annotation import Annotation, Stored

_NAMED = 3


def code_of(stored: Stored) -> int:
    """The number that stands for a stored id.

    Args:
        stored: A number, which stands for itself, or a colour (red, green, blue).
    """
    if isinstance(stored, int):
        return stored
    red, green, blue = stored
    return (red << 16) | (green << 8) | blue


def coded(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """The numbers of colours.

    Args:
        raw: (H, W, 3) in the order RGB, whole numbers of 0..255.
        ann: The annotation, for messages.
        path: File, for messages.

    Returns:
        (H, W) int32, see :func:`code_of`.

    Raises:
        ValueError: If there are not three channels of such numbers.
    """
    fits = raw.ndim == 3 and raw.shape[2] == 3 and raw.dtype.kind in "ui"
    if not fits or raw.min() < 0 or raw.max() > 255:
        raise ValueError(
            f"{path}: expected three channels of 0..255 as {ann.kind} annotation {ann.name!r}, "
            f"whose id_map names colours, got {raw.dtype} of shape {raw.shape}"
        )
    parts = raw.astype(np.int32)
    return (parts[..., 0] << 16) | (parts[..., 1] << 8) | parts[..., 2]


def some_colours(raw: np.ndarray) -> str:
    """The first colours of an image as text, for messages.

    Args:
        raw: (..., 3) numbers of 0..255.
    """
    found = np.unique(raw.reshape(-1, raw.shape[-1]), axis=0)
    listed = ", ".join(str(tuple(colour)) for colour in found[:_NAMED].tolist())
    return listed + (" ..." if len(found) > _NAMED else "")
