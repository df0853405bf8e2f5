"""Fast reproducible noise, looked up in two fixed tiles."""

from __future__ import annotations

import functools

import numpy as np

SIZE = 256


@functools.lru_cache(maxsize=1)
def _smooth_tile() -> np.ndarray:
    # sum of octaves of periodic, bilinearly blended random lattices
    rng = np.random.default_rng(20240)
    tile = np.zeros((SIZE, SIZE))
    where = np.arange(SIZE)
    for octave in range(2, 8):
        cells = 2**octave
        lattice = rng.random((cells, cells))
        x = where * cells / SIZE
        low = x.astype(int)
        t = x - low
        t = t * t * (3 - 2 * t)
        high = (low + 1) % cells
        rows = lattice[low] * (1 - t)[:, None] + lattice[high] * t[:, None]
        tile += (rows[:, low] * (1 - t) + rows[:, high] * t) * 0.6**octave
    tile = (tile - tile.mean()) / (3.5 * tile.std()) + 0.5
    return tile.clip(0, 1).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _white_tile() -> np.ndarray:
    return np.random.default_rng(20241).random((SIZE, SIZE)).astype(np.float32)


def smooth(u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    """Fractal noise in [0, 1] around 0.5, with blobs of up to a quarter of a unit.

    Args:
        u: First coordinate, shape (N,); the pattern has period 1.
        v: Second coordinate, likewise.
        seed: Shifts the pattern.
    """
    i = np.floor(u * SIZE).astype(np.int64) + seed * 97
    j = np.floor(v * SIZE).astype(np.int64) + seed * 57
    return _smooth_tile()[i % SIZE, j % SIZE]


def cell(i: np.ndarray, j: np.ndarray, seed: int) -> np.ndarray:
    """An independent random number in [0, 1) for each pair of integers, shape (N,)."""
    i = np.asarray(i).astype(np.int64)
    j = np.asarray(j).astype(np.int64)
    return _white_tile()[(i * 37 + j * 11 + seed * 101) % SIZE, (j * 53 + i * 7 + seed * 29) % SIZE]
