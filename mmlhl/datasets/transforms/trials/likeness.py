"""How much a map resembles an earlier one in the same places, whatever became of its values.

It is a cheap look at each sample: pixels that moved lose the likeness. Noise and filters may lose
it as well, so that a lack of it is a reason to look closer, and no evidence.
"""

from __future__ import annotations

import cv2
import numpy as np

_BLOCKS = 8
"""Number of blocks along the shorter side."""
_TEXTURE = 0.05
"""Share of the mean energy that a block needs: uniform ones look the same everywhere."""
_LARGE = 384
_IGNORED = 255


def likeness(before: np.ndarray, after: np.ndarray, source: np.ndarray | None) -> float:
    """How much a map resembles an earlier one.

    Args:
        before: (H, W) or (H, W, K), the earlier map: an image, class ids or a float map.
        after: (H', W') or (H', W', K), the later one.
        source: (H', W') index of the old pixel by which the image moved, -1 for none; None if it
            did not move.

    Returns:
        Between 0 and 1: for ids the share of pixels by which each old id has one new id, otherwise
        the median correlation of blocks that have a texture, of either sign; 1 if nothing can be
        compared.
    """
    one, other = _plane(before), _plane(after)
    if other.shape != (one if source is None else source).shape:
        return 1.0
    ids = before.ndim == 2 and before.dtype.kind in "biu"
    part = (slice(None),) * 2 if ids else _centre(other.shape)
    source = None if source is None else source[part]
    one = one[part] if source is None else one.ravel()[np.maximum(source, 0)]
    known = np.ones(one.shape, bool) if source is None else source >= 0
    if ids:
        return _same_ids(one[known], other[known])
    return _correlation(_band(one), _band(other[part]), known)


def _plane(array: np.ndarray) -> np.ndarray:
    # the last channel: of normals, the one that flips and turns leave alone
    return array if array.ndim == 2 else array[..., -1]


def _centre(size: tuple[int, ...]) -> tuple[slice, slice]:
    """The middle of large maps, which costs less and shows as much."""
    starts = [max(length - _LARGE, 0) // 2 for length in size]
    return slice(starts[0], starts[0] + _LARGE), slice(starts[1], starts[1] + _LARGE)


def _same_ids(one: np.ndarray, other: np.ndarray) -> float:
    known = other != _IGNORED  # such as ids that are left out
    if not known.any():
        return 1.0
    old, new = one[known].astype(np.int64), other[known].astype(np.int64)
    old, new = old - old.min(), new - new.min()
    if max(old.max(), new.max()) > _IGNORED:  # no ids that a table of pairs has room for
        return 1.0
    pairs = np.bincount(old << 8 | new).astype(np.int64)
    pairs = np.pad(pairs, (0, -len(pairs) % 256)).reshape(-1, 256)
    return float(pairs.max(axis=1).sum() / len(old))


def _band(plane: np.ndarray) -> np.ndarray:
    """The plane without its finest and its coarse structures: (H, W) float32."""
    values = np.nan_to_num(plane.astype(np.float32), posinf=0, neginf=0)
    band: np.ndarray = cv2.GaussianBlur(values, (7, 7), 1.5) - cv2.GaussianBlur(values, (15, 15), 3)
    return band


def _correlation(one: np.ndarray, other: np.ndarray, known: np.ndarray) -> float:
    one, other = np.where(known, one, 0), np.where(known, other, 0)
    side = max(min(one.shape) // _BLOCKS, 1)
    blocks = max(one.shape[1] // side, 1), max(one.shape[0] // side, 1)
    both, first, second = (
        cv2.resize(each, blocks, interpolation=cv2.INTER_AREA)
        for each in (one * other, one * one, other * other)
    )
    texture = (first > _TEXTURE * first.mean()) & (second > 0)
    if not texture.any():
        return 1.0
    return float(np.median(np.abs(both[texture]) / np.sqrt(first[texture] * second[texture])))
