"""Maps that a function of the user's makes: an annotation's ``source`` or ``post``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..annotation import IGNORE, Annotation
from .label_table import OUT_OF_RANGE
from .labels import need_a_label
from .masked import without_mask
from .normals import SHORT


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
        ValueError: If it has another size or number of channels, ids that are no classes, numbers
            that are infinite or, for depth, negative, normals of other lengths than 1, or no
            labelled pixel although ``allow_void`` is not set.
    """
    array = without_mask(made, ann)
    if array.shape[:2] != tuple(size):
        raise ValueError(
            f"{path}: {made_by!r} of annotation {ann.name!r} gives an array of shape "
            f"{array.shape}; expected {size[0]}x{size[1]} (height x width)"
        )
    if not ann.is_integer:
        array = array.astype(np.float32, copy=False)
        fault = _fault(array, ann)
        if fault:
            raise ValueError(f"{path}: {made_by!r} of annotation {ann.name!r} gives {fault}")
        return array
    top = 2 if ann.kind == "binary" else ann.num_classes or OUT_OF_RANGE
    # what is made from the image has the classes of the set, of which a dataset may choose some
    chosen = ann.label_map if ann.source is not None else None
    if chosen:
        top = len(chosen)
    bad = (array != IGNORE) & ~((array >= 0) & (array < top) & (array == np.floor(array)))
    if bad.any():
        shown = ", ".join(f"{float(value):g}" for value in np.unique(array[bad])[:5])
        raise ValueError(
            f"{path}: {made_by!r} of annotation {ann.name!r} gives {shown} in {int(bad.sum())} "
            f"pixels; expected class ids 0..{top - 1}, or {IGNORE} for ignored"
        )
    ids = array.astype(np.uint8, copy=False)
    if chosen:
        table = np.full(256, IGNORE, np.uint8)
        table[list(chosen)] = list(chosen.values())
        ids = table[ids]
    if not ann.label_map:
        need_a_label(ids, ann, path)
    return ids


def _fault(array: np.ndarray, ann: Annotation) -> str:
    """What is wrong with numbers, as the end of a sentence; empty if nothing is."""
    channels = array.shape[2] if array.ndim == 3 else 1
    wanted = {"depth": 1, "normal": 3}.get(ann.kind, channels)
    if array.ndim not in (2, 3) or channels != wanted:
        return f"an array of shape {array.shape}; expected {wanted} channel(s) of {ann.kind}"
    if np.isinf(array).any():
        return "infinity; write NaN for unmeasured pixels"
    if ann.kind == "depth" and (array < 0).any():
        return f"the depth {np.nanmin(array):g}; write NaN for unmeasured pixels"
    if ann.kind == "normal":
        length = np.sqrt(np.einsum("hwc,hwc->hw", array, array))
        length = length[length > SHORT]  # zero vectors and NaN are missing normals
        if 2 * (np.abs(length - 1) > SHORT).sum() > length.size:
            return f"normals of lengths about {np.median(length):.3g}; expected unit vectors"
    return ""
