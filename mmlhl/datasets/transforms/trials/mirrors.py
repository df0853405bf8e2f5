"""Mirrored images and labels, which a look at each sample finds at little cost."""

from __future__ import annotations

import numpy as np

from ..maps import same_map

_LEAST_VALUES = 16
"""Other maps may look mirrored by chance, such as a mask whose marks were exchanged."""


def mirrored(before: np.ndarray, after: object) -> bool:
    """Whether a map is exactly another one, flipped or turned by 180 degrees.

    Args:
        before: (H, W) or (H, W, K), the map before a transform.
        after: What is in its place afterwards.
    """
    if not isinstance(after, np.ndarray) or after.shape != before.shape:
        return False
    if after.dtype != before.dtype or after is before:
        return False
    rows = [place * before.shape[0] // 7 for place in (1, 2, 5)]
    for view in (before[:, ::-1], before[::-1], before[::-1, ::-1]):
        if all(same_map(view[row], after[row]) for row in rows):
            if same_map(before, after):  # as most symmetric maps are, such as constant ones
                return False
            if same_map(view, after):
                return _values(before) >= _LEAST_VALUES
    return False


def _values(array: np.ndarray) -> int:
    return len(np.unique(array[np.isfinite(array)]))
