"""Whether spots of a grid lie beside their places as by a motion, or by chance as in a filter.

A motion shifts neighbouring spots alike, so that the shift of a spot can be predicted from those
of the others. What pixelation, compression or erasing does to the centre of a spot cannot.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .spot_grid import Shifts

_LEAST = 0.55
"""Root mean square in pixels. Nearest neighbours at half size shift a map by half a pixel."""
_INTERPOLATED = 0.35
_CERTAIN = 0.7
"""Predicted share of the shifts in one trial; by chance it is below 0."""
_LIKELY = 0.4
"""The same in all trials together."""
_NEIGHBOURS = 4


def is_motion(trials: Sequence[Shifts]) -> bool:
    """Whether spots moved, in one trial or in all of them together."""
    apart = [_residual(each) for each in trials]
    for each, residual in zip(trials, apart, strict=True):
        if _moved(each, residual, _CERTAIN):
            return True
    still = [i for i, each in enumerate(trials) if not each.moved]
    if len(still) < 2:
        return False
    together = Shifts(
        np.concatenate([trials[i].places for i in still]),
        np.concatenate([trials[i].offsets for i in still]),
        1.0,
        False,
    )
    # random moves are alike within a trial only, others in all of them
    residual = _less(np.concatenate([apart[i] for i in still]), _residual(together))
    return _moved(together, residual, _LIKELY)


def _moved(shifts: Shifts, residual: np.ndarray, share: float) -> bool:
    least = _LEAST
    if shifts.moved:
        # a resized image lies half a pixel beside labels that are moved by nearest neighbours
        least += _INTERPOLATED + max(shifts.magnification - 1, 0) / 2
    size = np.square(shifts.offsets).mean(axis=0)
    unpredicted = np.square(residual).mean(axis=0).sum()
    return bool(size.max() > least**2 and unpredicted < (1 - share) * size.sum())


def _residual(shifts: Shifts) -> np.ndarray:
    """What the other spots do not predict of each spot's shift, (N, 2)."""
    return _less(_affine_residual(shifts), _neighbours_residual(shifts))


def _less(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one if np.square(one).sum() < np.square(other).sum() else other


def _affine_residual(shifts: Shifts) -> np.ndarray:
    design = np.column_stack([shifts.places, np.ones(len(shifts.places))])
    hat = design @ np.linalg.pinv(design)
    own = np.minimum(np.diag(hat), 0.9)  # each is left out of its own prediction
    residual: np.ndarray = (shifts.offsets - hat @ shifts.offsets) / (1 - own)[:, None]
    return residual


def _neighbours_residual(shifts: Shifts) -> np.ndarray:
    apart = np.square(shifts.places[:, None] - shifts.places[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1)[:, :_NEIGHBOURS]
    residual: np.ndarray = shifts.offsets - shifts.offsets[nearest].mean(axis=1)
    return residual
