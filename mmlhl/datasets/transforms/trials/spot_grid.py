"""A grid of spots, and how far each of them lies from its place after a transform.

One spot, as in :mod:`.spots`, tells a motion from a filter. A grid of them tells a slight zoom, a
slight rotation or a warp, by which spots at opposite sides move in opposite directions.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SIZE = (96, 128)
_CELLS = 6
_LEAST_CELL = 12
_KEPT_AREA = (0.75, 1.34)
"""Share of a spot that is found: others are painted over in part, which shifts their centres."""
_LEAST_SPOTS = 8


class Grid(NamedTuple):
    """Spots in the cells of a grid.

    Attributes:
        cells: (H, W) int64, number of a pixel's cell; -1 outside of all.
        spots: (H, W) int64, the same within spots; -1 elsewhere.
        number: Number of cells.
    """

    cells: np.ndarray
    spots: np.ndarray
    number: int


class Shifts(NamedTuple):
    """Where spots are found.

    Attributes:
        places: (N, 2) rows and columns of their places.
        offsets: (N, 2) rows and columns by which they lie beside these.
        magnification: Length of a pixel of the sample after the transform.
        moved: Whether the others moved, beside which the spots are looked for.
    """

    places: np.ndarray
    offsets: np.ndarray
    magnification: float
    moved: bool


def cell_of(size: Sequence[int]) -> int:
    """Side of the cells in pixels."""
    return min(size) // _CELLS


def make_grid(size: tuple[int, int], seed: int) -> Grid | None:
    """A grid with a spot somewhere in each cell.

    Args:
        size: (height, width).
        seed: Of the spots' places.

    Returns:
        The grid; None if the image is too small.
    """
    # of real images one is made at a time, and not kept
    return _small_grid(seed) if tuple(size) == SIZE else _grid(size, seed)


@functools.cache
def _small_grid(seed: int) -> Grid | None:
    return _grid(SIZE, seed)


def _grid(size: tuple[int, int], seed: int) -> Grid | None:
    cell = cell_of(size)
    if cell < _LEAST_CELL:
        return None
    side = cell // 3 | 1
    down, right = size[0] // cell, size[1] // cell
    cells = np.full(size, -1)
    numbers = np.arange(down * right).reshape(down, right)
    cells[: down * cell, : right * cell] = numbers.repeat(cell, 0).repeat(cell, 1)
    spots = np.full(size, -1)
    starts = np.random.RandomState(4000 + seed).randint(side // 2, cell - side - side // 2, (2, 99))
    for number, (row, column) in enumerate(np.ndindex(down, right)):
        top = row * cell + starts[0, number % 99]
        left = column * cell + starts[1, number % 99]
        spots[top : top + side, left : left + side] = number
    return Grid(cells, spots, down * right)


def of_some(grid: Grid, part: int, parts: int) -> Grid:
    """The grid with the spots of some cells only.

    Args:
        grid: The grid.
        part: Which of them, counted from 0.
        parts: How many share the cells.
    """
    turn = np.random.RandomState(0).permutation(grid.number) % parts  # everywhere in the image
    mine = (grid.spots >= 0) & (turn[grid.spots] == part)
    return grid._replace(spots=np.where(mine, grid.spots, -1))


def find_shifts(grid: Grid, change: np.ndarray, source: np.ndarray | None) -> Shifts | None:
    """Compare the centres of spots with those of the changes that they make.

    Args:
        grid: The spots before the transform.
        change: (H', W') how much each pixel changes with the spots.
        source: (H', W') index of the old pixel by which labels move, -1 for none; None if they do
            not move.

    Returns:
        The spots that are found whole, each within its cell; None if there are too few.
    """
    cells, spots = grid.cells, grid.spots
    if source is not None:
        known, at = source >= 0, np.maximum(source, 0)
        cells = np.where(known, cells.ravel()[at], -1)
        spots = np.where(known, spots.ravel()[at], -1)
    greatest = np.zeros(grid.number + 1)
    changed = change > 0  # few pixels: the function is slow
    np.maximum.at(greatest, cells[changed], change[changed])
    strong = (change > greatest[cells] / 2) & (cells >= 0) & (greatest[cells] > change.max() / 5)
    found, centres = _centres(np.where(strong, cells, -1), grid.number)
    wanted, places = _centres(spots, grid.number)
    areas = np.bincount(cells[cells >= 0], minlength=grid.number)
    whole = (
        (wanted > 0) & (areas > 0.9 * np.median(areas[areas > 0])) if areas.any() else wanted < 0
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = found / wanted
    whole &= (kept > _KEPT_AREA[0]) & (kept < _KEPT_AREA[1])
    if whole.sum() < max(_LEAST_SPOTS, (wanted > 0).sum() / 2):
        return None
    before = np.bincount(grid.spots[grid.spots >= 0], minlength=grid.number)
    magnification = float(np.sqrt(np.median(wanted[whole] / before[whole])))
    return Shifts(places[whole], (centres - places)[whole], magnification, source is not None)


def _centres(numbers: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Area (count,) and centre (count, 2) of each numbered region."""
    rows, columns = np.nonzero(numbers >= 0)
    which = numbers[rows, columns]
    areas = np.bincount(which, minlength=count)
    sums = [np.bincount(which, weights=each, minlength=count) for each in (rows, columns)]
    return areas, np.stack(sums, axis=1) / np.maximum(areas, 1)[:, None]
