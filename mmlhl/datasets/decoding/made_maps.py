"""Maps that a function of the user's makes: an annotation's ``source`` or ``post``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..annotation import IGNORE, Annotation
from .label_table import OUT_OF_RANGE


def made_map(
    made: np.ndarray, ann: Annotation, path: str, made_by: str, size: Sequence[int]
) -> np.ndarray:
    """A map that was not decoded here, in the package's convention.

    Args:
        made: The map, (H, W) or (H, W, K) of any type of numbers or bool.
        ann: The annotation.
        path: The image or label, for messages.
        made_by: The annotation's option, ``source`` or ``post``.
        size: (height, width) that it must have.

    Returns:
        The map, uint8 for classes and binary maps, else float32.

    Raises:
        ValueError: If it has another size, or ids that are no classes.
    """
    array = np.asarray(made)
    if array.shape[:2] != tuple(size):
        raise ValueError(
            f"{path}: {made_by!r} of annotation {ann.name!r} gives an array of shape "
            f"{array.shape}; expected {size[0]}x{size[1]} (height x width)"
        )
    if not ann.is_integer:
        return array.astype(np.float32, copy=False)
    top = 2 if ann.kind == "binary" else ann.num_classes or OUT_OF_RANGE
    bad = (array != IGNORE) & ~((array >= 0) & (array < top) & (array == np.floor(array)))
    if bad.any():
        shown = ", ".join(f"{float(value):g}" for value in np.unique(array[bad])[:5])
        raise ValueError(
            f"{path}: {made_by!r} of annotation {ann.name!r} gives {shown} in {int(bad.sum())} "
            f"pixels; expected class ids 0..{top - 1}, or {IGNORE} for ignored"
        )
    return array.astype(np.uint8, copy=False)
