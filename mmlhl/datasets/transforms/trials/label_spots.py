"""Trials of unknown transforms: spots are changed in the labels and searched in the result.

A transform may change the values of a label, and move it with the image, but not alone. Changing
values is not mistaken for moving them, since the spot stays in its place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping

import cv2
import numpy as np

from ....draws import undisturbed
from ..maps import VALID, annotation_maps
from ..witness import rotation_of
from .grids import is_tried, label_shifts
from .rounds import TRIALS, MovedAlone, Pair, Rounds, pair_of, try_both
from .samples import label_sample, moved_to, own_label, spotted_label, square
from .slight_moves import is_motion
from .spot_grid import SIZE as GRID_SIZE
from .spot_grid import Shifts, cell_of
from .spots import SIZE, shifted

_SPOT = 7
_SHIFT = 0.6
_REACH = 2
"""Pixels around a spot that a filter may change as well."""


def try_on_labels(step: Callable, name: str, kinds: Mapping[str, str]) -> None:
    """Try a transform on small samples with labels.

    Raises:
        MovedAlone: If a label moves without the image, to another place than the image, or, for
            normals, without being turned.
    """
    offsets: dict[str, list[np.ndarray]] = {key: [] for key in kinds}
    slight: dict[str, list[Shifts]] = {key: [] for key in kinds}
    with undisturbed():
        rounds = Rounds(step)
        for trial, pair in rounds:
            found = _try(pair, name, label_sample(trial, kinds, SIZE), _SPOT, trial, noise=True)
            if found is None:
                return
            moved, drew, found_offsets = found
            rounds.moves = rounds.moves or moved
            rounds.draws = rounds.draws or drew
            for key, offset in found_offsets.items():
                offsets[key].append(offset)
            if is_tried(trial):
                blocks = label_sample(trial, kinds, GRID_SIZE, cell_of(GRID_SIZE))
                for key, shifts in label_shifts(pair, blocks, trial, trial).items():
                    slight[key].append(shifts)
    for key, each in offsets.items():
        far = len(each) >= TRIALS / 2 and np.abs(np.mean(each, axis=0)).max() > _SHIFT
        if far or is_motion(slight[key]):
            raise MovedAlone(label_message(name, key))


def try_on_labels_of(step: Callable, name: str, results: dict, turn: int = 0) -> bool:
    """Try a transform on the labels of a real sample, which has everything that it may need.

    Args:
        step: The transform; copies of it are used, and random states are restored.
        name: Its name.
        results: The sample, which is not changed.
        turn: Each draws other random numbers, and changes other spots.

    Returns:
        Whether many spots of each label were found in their places.

    Raises:
        MovedAlone: As in :func:`try_on_labels`.
    """
    side = max(_SPOT, min(results["img"].shape[:2]) // 10)
    if min(results["img"].shape[:2]) < 4 * side:
        return False
    with undisturbed():
        try:
            sample = copy.deepcopy(results)
        except Exception:  # something in it cannot be copied
            return False
        slight = label_shifts(pair_of(step), sample, turn, turn)
        _try(pair_of(step), name, sample, side, turn)
    for key, shifts in slight.items():
        if is_motion([shifts]):
            raise MovedAlone(label_message(name, key))
    return slight.keys() == {key for key, kind in annotation_maps(sample) if kind != VALID}


def _try(
    pair: Pair | None, name: str, sample: dict, side: int, trial: int, noise: bool = False
) -> tuple[bool, bool, dict[str, np.ndarray]] | None:
    """Run a transform without and with a spot in each label.

    Args:
        pair: Copies of the transform.
        name: Its name.
        sample: The sample, which the transform may change.
        side: Side of the spots.
        trial: Seed of the spots' places and of the transform.
        noise: Whether labels are noise, which does not look shifted by chance.

    Returns:
        Whether it moved the image, whether it drew random numbers, and by key the offset (rows,
        columns) of the spots that were found near their places; None if it failed.
    """
    keys = [key for key, kind in annotation_maps(sample) if kind != VALID]
    if not keys:
        return None
    spots, spotted = _add_spots(sample, keys, side, trial)
    plain = {key: sample[key].copy() for key in keys}
    kinds = dict(annotation_maps(sample))
    both = try_both(pair, sample, spotted, trial)
    if both is None:
        return None
    one, other, source = both.plain, both.spotted, both.source
    places = {key: moved_to(source, spot) for key, spot in spots.items()}
    offsets = {}
    for key in keys:
        before, after = plain[key], one.get(key)
        own = own_label(before, after, one["img"], source)
        if own is None:
            continue
        if noise and source is None and shifted(before, own):
            raise MovedAlone(label_message(name, key))
        if kinds[key] == "normal" and source is not None:
            refuse_unturned(before, own, source, name, key)
        offset = _compare(own, other.get(key), key, places, name, side) if both.alike else None
        if offset is not None:
            offsets[key] = offset
    return source is not None, both.drew, offsets


def label_message(name: str, key: str) -> str:
    """Message about a transform that moves a label without the image."""
    return (
        f"{name} moves pixels of {key} in another way than those of the image: let it move both or "
        "neither; maps that it does not touch follow the image. If it puts a label right that lies "
        "differently in its files, say so in its class: moves_pixels = False"
    )


def _compare(
    plain: np.ndarray,
    spotted: object,
    key: str,
    places: Mapping[str, np.ndarray],
    name: str,
    side: int,
) -> np.ndarray | None:
    """Offset of a label's spot from its place; None if the label does not show it."""
    if not isinstance(spotted, np.ndarray) or spotted.shape != plain.shape:
        return None
    changed = plain != spotted
    if plain.dtype.kind == spotted.dtype.kind == "f":
        changed &= ~(np.isnan(plain) & np.isnan(spotted))
    changed = changed.any(axis=2) if changed.ndim == 3 else changed
    place = places[key]
    if not changed.any() or changed.sum() > 6 * max(place.sum(), side**2):
        return None  # painted over, or the label depends on all of its values
    # a label may also depend on the others, such as depth that is left out where the sky is
    near = {each: _widened(mask) for each, mask in places.items()}
    others = np.zeros(place.shape, bool)
    for each in near.keys() - {key}:
        others |= near[each]
    rest = changed & ~others
    if not rest.any():
        return None
    away, stays = rest & ~near[key], place & changed
    gone = 2 * stays.sum() < place.sum() < 4 * away.sum()
    if gone and 2 * away.sum() > rest.sum():
        raise MovedAlone(label_message(name, key))
    if away.any() or 2 * stays.sum() <= place.sum():
        return None  # a few pixels do not show their place
    offset: np.ndarray = np.argwhere(rest).mean(0) - np.argwhere(place).mean(0)
    return offset


def refuse_unturned(
    before: np.ndarray, after: np.ndarray, source: np.ndarray, name: str, key: str
) -> None:
    """Raise an error if normals were moved with the image, but still point where they did.

    Args:
        before: (H, W, 3), the normals before.
        after: (H', W', 3), the normals afterwards.
        source: (H', W') index of the old pixel of each new one, -1 for none.
        name: Name of what moved them.
        key: Their key.
    """
    turn = rotation_of(source, before.shape[:2]) if after.shape[2:] == (3,) else None
    if turn is None or np.abs(turn - np.eye(2)).max() < 0.1:
        return
    moved = before.reshape(-1, 3)[np.maximum(source, 0)]
    known = (source >= 0) & np.isfinite(moved).all(axis=2)
    same = np.isclose(moved[known], after[known], atol=1e-3).all(axis=1)
    turned = np.isclose(moved[known][:, :2] @ turn.T, after[known][:, :2], atol=0.1).all(axis=1)
    if known.any() and same.mean() > 0.9 and turned.mean() < 0.9:
        raise MovedAlone(
            f"{name} moves {key} with the image, but a mirrored or turned scene has other normals "
            f"(a horizontal flip negates x): let it turn them, or leave {key} alone, which is then "
            "moved and turned like the image"
        )


def _widened(mask: np.ndarray) -> np.ndarray:
    side = 2 * _REACH + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def _add_spots(
    sample: dict, keys: Collection[str], side: int, trial: int
) -> tuple[dict[str, np.ndarray], dict]:
    """Masks of a spot for each label, in other places, and a copy of the sample with them."""
    spotted = copy.deepcopy(sample)
    height, width = sample["img"].shape[:2]
    places = np.random.RandomState(2000 + trial)
    spots: dict[str, np.ndarray] = {}
    for key in keys:
        for _ in range(50):  # several labels have room beside each other
            row = places.randint(_REACH + 1, height - side - _REACH)
            column = places.randint(_REACH + 1, width - side - _REACH)
            spot = square((height, width), row, column, side)
            if not any((_widened(spot) & _widened(other)).any() for other in spots.values()):
                break
        spots[key] = spot
        spotted[key] = spotted_label(sample[key], spot)
    return spots, spotted
