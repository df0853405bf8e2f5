"""Adding holes to exact labels, like those of depth sensors and human annotators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..datasets.rooms_classes import FURNITURE, IGNORE, OBJECTS
from . import noise
from .scene import Seed


def add_holes(sample: dict[str, np.ndarray], seed: Seed) -> dict[str, np.ndarray]:
    """Remove values that a sensor or annotator would miss; the others stay exact.

    Depth is missing along jumps of depth, on mirroring surfaces, on surfaces seen at a grazing
    angle, in random blobs and in a strip at the left or right edge. Normals are missing where
    depth is, and beside jumps of depth. Labels are missing in parts of the boundaries between
    pieces of furniture, and sometimes for a whole small piece.

    Args:
        sample: Result of ``renderer.render``, which is not changed.
        seed: Seed of ``np.random.default_rng``.

    Returns:
        The same keys with ``depth`` and ``normal`` NaN and ``label`` 255 where missing.
    """
    rng = np.random.default_rng(seed)
    depth, normal, label = (sample[key].copy() for key in ("depth", "normal", "label"))
    height, width = depth.shape
    grid = np.mgrid[:height, :width] / max(height, width)

    def clouds(scale: float) -> np.ndarray:
        u, v = (scale * axis.ravel() + rng.random() for axis in grid)
        return noise.smooth(u, v, int(rng.integers(4096))).reshape(height, width)

    jump = _edges(depth, lambda a, b: np.abs(a - b) > 0.06 * np.minimum(a, b))
    hole = jump & (clouds(0.9) < rng.uniform(0.4, 0.62))
    hole |= (sample["gloss"] > 0.5) & (clouds(0.7) < 0.72)
    hole |= (sample["gloss"] > 0.2) & (np.abs(normal[..., 2]) < 0.12)
    hole |= clouds(0.35) > rng.uniform(0.84, 1.0)
    if rng.random() < 0.4:
        strip = int(rng.integers(1, max(2, width // 24)))
        hole[:, :strip] |= rng.random() < 0.5
        hole[:, width - strip :] |= not hole[:, 0].all()
    depth[hole] = np.nan
    normal[hole | (_grow(jump) & (clouds(1.1) < 0.45))] = np.nan

    border = _edges(sample["item"].astype(np.int64) * 256 + label, lambda a, b: a != b)
    unnamed = border & (clouds(0.8) < rng.uniform(0.35, 0.6))
    for item in np.unique(sample["item"]):
        piece = sample["item"] == item
        small = piece.sum() < 0.03 * piece.size
        if small and np.isin(label[piece], (OBJECTS, FURNITURE)).all() and rng.random() < 0.12:
            unnamed |= piece
    label[unnamed] = IGNORE
    return {**sample, "depth": depth, "normal": normal, "label": label}


def _edges(
    values: np.ndarray, differ: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Pixels that differ from the one to the right or below, and those neighbours."""
    edge = np.zeros(values.shape, dtype=bool)
    across = differ(values[:, 1:], values[:, :-1])
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    down = differ(values[1:], values[:-1])
    edge[1:] |= down
    edge[:-1] |= down
    return edge


def _grow(mask: np.ndarray) -> np.ndarray:
    grown = mask.copy()
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    return grown
