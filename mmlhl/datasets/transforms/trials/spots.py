"""Trials of unknown transforms: a spot is changed in the image and searched in the result.

This detects every kind of motion. Colour transforms and filters are not mistaken for one, since
they leave the spot in its place. :mod:`.label_spots` does the same with the labels.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ....draws import undisturbed
from ..witness import is_undone, rotation_of
from .grids import image_shifts, is_tried
from .rounds import TRIALS, Both, MovedAlone, Pair, Rounds, pair_of, try_both
from .samples import image_sample, moved_to, spotted_image, square
from .slight_moves import is_motion
from .spot_grid import SIZE as GRID_SIZE
from .spot_grid import Shifts, cell_of

SIZE = (48, 64)
_SPOT = 5
_PARTS = ((2, 2), (5, 5), (2, 5), (5, 2), (3, 3))
"""Rows and columns of spots, in eighths of an image."""
_SHIFT = 0.6
_WHOLE = 0.7
_PART = 0.15
"""Least share of the changes in a spot's place that is no sign of a move."""
_BLUR = 8
"""Pixels by which compression shifts the centre of a spot that stays in its place."""


class Tried(NamedTuple):
    """What a transform was seen to do.

    Attributes:
        bends: Whether it bends the image, so that normals cannot be rotated with it.
        moves: Whether it moves the image.
        at_random: Whether it does so, and draws random numbers.
        final: Whether it moves the image in a way that a test cannot undo.
    """

    bends: bool
    moves: bool
    at_random: bool
    final: bool


def try_on_images(step: Callable, name: str) -> Tried:
    """Try a transform on small images.

    A transform that fails, as it needs more than an image and labels, passes here. Random states
    are restored, and the transform itself does not change, since copies of it are used. If it draws
    random numbers and moves nothing, it is tried more often, half of the times with its ``prob``
    set to 1, and at first with very small and very large numbers, so that seldom moves are made.

    Raises:
        MovedAlone: If labels do not move with the image.
    """
    bends, final, offsets = False, False, []
    slight: list[Shifts] = []
    with undisturbed():
        rounds = Rounds(step)
        for trial, pair in rounds:
            places = np.random.RandomState(trial)
            row, column = (places.randint(8, side - 8 - _SPOT) for side in SIZE)
            sample = image_sample(trial, SIZE)
            spot = square(SIZE, row, column, _SPOT)
            found = _both(pair, name, sample, spot, trial)
            if found is None:
                return Tried(bends, rounds.moves, rounds.moves and rounds.draws, final)
            image, source = found.plain["img"], found.source
            rounds.draws = rounds.draws or found.drew
            offset = _compare(found, spot, name)
            if source is not None:
                _refuse_moved_labels(sample["img"], image, source, name)
                rounds.moves = True
                bends = bends or rotation_of(source, SIZE) is None
                final = final or not is_undone(source, SIZE)
            elif shifted(sample["img"], image):
                raise MovedAlone(image_message(name))
            elif offset is not None:
                offsets.append(offset)
            if is_tried(trial):
                blocks = image_sample(trial, GRID_SIZE, cell_of(GRID_SIZE))
                shifts = image_shifts(pair, blocks, trial, trial)
                slight += [] if shifts is None else [shifts]
    far = len(offsets) >= TRIALS / 2 and np.abs(np.mean(offsets, axis=0)).max() > _SHIFT
    if far or is_motion(slight):
        raise MovedAlone(image_message(name))
    return Tried(bends, rounds.moves, rounds.moves and rounds.draws, final)


def try_on_sample(step: Callable, name: str, results: dict, turn: int = 0) -> bool:
    """Try a transform on a real sample, which has everything that it may need.

    Args:
        step: The transform; a copy of it is used.
        name: Its name.
        results: The sample, which is not changed.
        turn: Each of five changes a spot in another part of the image.

    Returns:
        Whether many spots were found in their places.

    Raises:
        MovedAlone: If labels do not move with the image.
    """
    height, width = results["img"].shape[:2]
    side = max(_SPOT, min(height, width) // 10)
    if min(height, width) < 4 * side or results["img"].dtype == bool:
        return False
    row, column = _PARTS[turn]
    spot = square((height, width), row * height // 8, column * width // 8, side)
    with undisturbed():
        try:
            sample = copy.deepcopy(results)
        except Exception:  # something in it cannot be copied
            return False
        shifts = image_shifts(pair_of(step), sample, 0, turn)
        if shifts is not None and is_motion([shifts]):
            raise MovedAlone(image_message(name))
        found = _both(pair_of(step), name, sample, spot, 0)
        if found is not None:
            _compare(found, spot, name)
            if found.source is not None:
                _refuse_moved_labels(results["img"], found.plain["img"], found.source, name)
    return shifts is not None


def _refuse_moved_labels(
    before: np.ndarray, after: np.ndarray, source: np.ndarray, name: str
) -> None:
    """Raise an error if labels moved and the image, exactly the same, did not; some may vanish."""
    if not np.array_equal(before, after) or (before == before[:1, :1]).all():
        return
    known = source.ravel() >= 0
    if not np.array_equal(source.ravel()[known], np.flatnonzero(known)):
        raise MovedAlone(
            f"{name} moves pixels of the labels (all maps in seg_fields), but not those of the "
            "image: let it move both, or leave it out"
        )


def image_message(name: str) -> str:
    """Message about a transform that moves the image without its labels."""
    return (
        f"{name} moves pixels of the image, but not those of its labels (all maps in seg_fields): "
        "let it move both, take an mmlhl or stock transform instead, or leave it out. If nothing "
        "is moved, say so in its class: moves_pixels = False"
    )


def _compare(found: Both, spot: np.ndarray, name: str) -> np.ndarray | None:
    """Offset (rows, columns) of the spot in the image from its label; None if it is not found."""
    image, spotted, source = found.plain["img"], found.spotted["img"], found.source
    if image.shape != spotted.shape:
        return None
    change = np.abs(spotted.astype(float) - image.astype(float))
    change = change.sum(2) if change.ndim == 3 else change
    if not change.any():
        return None  # the spot was cropped, or painted over
    strong = change > change.max() / 2
    expected = moved_to(source, spot)
    if strong.sum() > 6 * max(expected.sum(), spot.sum()):
        return None  # changes everywhere: the random numbers depend on the image
    if expected.any():
        offset = np.argwhere(strong).mean(0) - np.argwhere(expected).mean(0)
        inside = (strong & expected).sum()
        stays = 2 * inside >= expected.sum()
        if not stays and inside > _PART * strong.sum():
            return None  # hidden or shattered; the grid shows moves by a part of its side
        reach = _BLUR if stays else 2 + 0.25 * np.sqrt(expected.sum())
        if np.abs(offset).max() <= reach:
            # one that is hidden in part shows the centre of the rest
            return offset if strong.sum() >= _WHOLE * expected.sum() else None
    raise MovedAlone(image_message(name))


def shifted(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether an image, or a map without NaN, is exactly another one, shifted by a few pixels."""
    if before.shape != after.shape or np.array_equal(before, after):
        return False
    reach = 4
    inner = after[reach:-reach, reach:-reach]
    height, width = inner.shape[:2]
    return any(
        np.array_equal(before[down, right : right + width], inner[0])  # fast rejection
        and np.array_equal(before[down : down + height, right : right + width], inner)
        for down in range(2 * reach + 1)
        for right in range(2 * reach + 1)
        if (down, right) != (reach, reach)
    )


def _both(pair: Pair | None, name: str, sample: dict, spot: np.ndarray, trial: int) -> Both | None:
    """Run a transform without and with a spot in the image."""
    spotted = copy.deepcopy(sample)
    spotted["img"] = spotted_image(sample["img"], spot)
    return try_both(pair, copy.deepcopy(sample), spotted, trial, name)
