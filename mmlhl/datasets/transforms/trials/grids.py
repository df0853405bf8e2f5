"""Trials of unknown transforms with a grid of spots, which show slight moves.

A zoom or a rotation of a few percent hardly moves a single spot, and on average not at all.
"""

from __future__ import annotations

import copy

import numpy as np

from ..maps import VALID, annotation_maps
from .rounds import RARE_TRIALS, TRIALS, Pair, try_both
from .samples import own_label, spotted_image, spotted_label
from .spot_grid import Grid, Shifts, find_shifts, make_grid, of_some

_ROUNDS = (*range(4), *range(TRIALS, TRIALS + 2 * RARE_TRIALS))


def is_tried(trial: int) -> bool:
    """Whether a round of trials has one with a grid."""
    return trial in _ROUNDS


def image_shifts(pair: Pair | None, sample: dict, trial: int, seed: int) -> Shifts | None:
    """Find the spots of an image after a transform.

    Args:
        pair: Copies of the transform.
        sample: The sample, which is not changed.
        trial: Seed of the transform's random numbers.
        seed: Of the spots' places.

    Returns:
        How far they lie from where the labels were moved to; None if that cannot be seen.
    """
    image = sample["img"]
    grid = make_grid(image.shape[:2], seed)
    if grid is None or image.dtype == bool:
        return None
    spotted = copy.deepcopy(sample)
    spotted["img"] = spotted_image(image, grid.spots >= 0)
    both = try_both(pair, copy.deepcopy(sample), spotted, trial)
    return both and _shifts(grid, both.plain["img"], both.spotted["img"], both.source)


def label_shifts(pair: Pair | None, sample: dict, trial: int, seed: int) -> dict[str, Shifts]:
    """Find the spots of each label after a transform.

    Args:
        pair: Copies of the transform.
        sample: The sample, which is not changed.
        trial: Seed of the transform's random numbers.
        seed: Of the spots' places.

    Returns:
        By key, how far they lie from where the image was moved to; without labels that do not
        show it, and those that the transform leaves alone, which follow the image.
    """
    keys = [key for key, kind in annotation_maps(sample) if kind != VALID]
    grid = make_grid(sample["img"].shape[:2], seed)
    if grid is None or not keys:
        return {}
    grids = {key: of_some(grid, part, len(keys)) for part, key in enumerate(keys)}
    spotted = copy.deepcopy(sample)
    for key in keys:
        spotted[key] = spotted_label(sample[key], grids[key].spots >= 0)
    both = try_both(pair, copy.deepcopy(sample), spotted, trial)
    if both is None or not both.alike:
        return {}
    found = {}
    for key in keys:
        own = own_label(sample[key], both.plain.get(key), both.plain["img"], both.source)
        if own is None:
            continue
        changed, ids = both.spotted.get(key), own.dtype.kind in "biu"
        if shifts := _shifts(grids[key], own, changed, both.source, ids):
            found[key] = shifts
    return found


def _shifts(
    grid: Grid,
    plain: np.ndarray,
    changed: object,
    source: np.ndarray | None,
    ids: bool = False,
) -> Shifts | None:
    if not isinstance(changed, np.ndarray) or changed.shape != plain.shape:
        return None
    if plain.shape[:2] != (grid.spots if source is None else source).shape:
        return None
    if plain.dtype.kind in "biu":
        change = np.abs(changed.astype(np.int32) - plain.astype(np.int32))
    else:
        change = np.abs(np.nan_to_num(changed) - np.nan_to_num(plain))
    change = change.reshape(*change.shape[:2], -1).max(axis=2)
    if ids:
        change = change > 0  # differences of ids mean nothing
    return find_shifts(grid, change.astype(np.float32), source) if change.any() else None
