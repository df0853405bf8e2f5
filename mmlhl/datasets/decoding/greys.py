"""Deciding whether a label means the numbers that a file stores or the greys that they show.

Programs that make PNGs smaller store a few greys, such as the ids 0, 7 and 11, as the numbers 0, 1
and 2 of a palette. Others store ids as numbers and use greys to show them.
"""

from __future__ import annotations

import numpy as np

from ..annotation import IGNORE, Annotation
from ..reading.shown_greys import ShownGreys
from .label_table import OUT_OF_RANGE, label_table


def stored_or_shown(
    pixels: np.ndarray, greys: ShownGreys, ann: Annotation, path: str
) -> np.ndarray:
    """The numbers that are meant.

    Ids are stored numbers. A threshold is one of greys if no stored number is above it.

    Args:
        pixels: (H, W) stored numbers.
        greys: The greys that show them.
        ann: The annotation.
        path: File, for messages.

    Returns:
        (H, W) uint8, the stored numbers or their greys.

    Raises:
        ValueError: If both may be meant and give different labels.
    """
    shown = greys.table[pixels]
    if pixels.ndim != 2 or np.array_equal(shown, pixels):
        return pixels
    if ann.kind == "binary" and ann.threshold is not None:
        if greys.top <= ann.threshold:
            return shown
        unclear = greys.palette and ((pixels > ann.threshold) != (shown > ann.threshold)).any()
    elif not greys.palette:
        return pixels
    elif ann.is_integer:
        unclear = _are_ids(shown, pixels, ann)
    else:
        unclear = True
    if unclear and shown.min() != shown.max():
        places = np.flatnonzero(shown != pixels)
        number, grey = pixels.flat[places[-1]], shown.flat[places[-1]]
        raise ValueError(
            f"{path}: its palette shows the number {number} as the grey {grey}, and as annotation "
            f"{ann.name!r} either may be meant; store the {ann.kind} as grey without a palette"
        )
    return pixels


def _are_ids(shown: np.ndarray, pixels: np.ndarray, ann: Annotation) -> bool:
    """Whether greys beside black and white are all ids, and other ones than the numbers."""
    table = label_table(ann)
    by_grey, by_number = table(shown), table(pixels)
    if (by_grey == OUT_OF_RANGE).any() or np.array_equal(by_grey, by_number):
        return False
    return bool((~np.isin(shown, (0, 255)) & (by_grey != IGNORE)).any())
