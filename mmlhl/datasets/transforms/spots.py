"""Where a transform moves a pixel: a spot is changed in the image and searched in the result.

This finds every kind of move, and no colour transform or filter is taken for one, since what they
change stays where it was.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

import numpy as np
import torch

from ...draws import undisturbed
from .witness import harvest, plant, turn_of

SIZE = (48, 64)
TRIALS = 12
_SPOT = 5


def try_out(step: Callable, name: str) -> bool:
    """Try a transform on small images.

    What cannot be tried, since it needs more than an image and labels, passes here. Random states
    are as before afterwards, and the transform itself is not touched: copies of it work.

    Args:
        step: The transform.
        name: Its name.

    Returns:
        Whether it bends the image, so that normals cannot follow.

    Raises:
        ValueError: If labels do not go where the image goes.
    """
    bends = False
    with undisturbed():
        for trial in range(TRIALS):
            places = np.random.RandomState(trial)
            row, column = (places.randint(8, side - 8 - _SPOT) for side in SIZE)
            plain, spotted = (_outcome(step, name, trial, spot) for spot in (None, (row, column)))
            if plain is None or spotted is None:
                return bends
            image, source = plain
            _compare(image, spotted[0], source, (row, column), name)
            bends = bends or turn_of(source, SIZE) is None
    return bends


def _compare(
    image: np.ndarray, spotted: np.ndarray, source: np.ndarray, spot: tuple[int, int], name: str
) -> None:
    if image.shape != spotted.shape:
        return
    change = np.abs(spotted.astype(float) - image.astype(float))
    change = change.sum(2) if change.ndim == 3 else change
    if not change.any():
        return  # cut off, or painted over
    strong = change > change.max() / 2
    labelled = np.zeros(SIZE, bool)
    labelled[spot[0] : spot[0] + _SPOT, spot[1] : spot[1] + _SPOT] = True
    expected = (source >= 0) & labelled.ravel()[np.maximum(source, 0)]
    if strong.sum() > 6 * max(expected.sum(), _SPOT**2):
        return  # all over the image: the random numbers followed the content
    seen = np.argwhere(strong).mean(0)
    if expected.any():
        reach = 2 + 0.25 * np.sqrt(expected.sum())
        if np.abs(seen - np.argwhere(expected).mean(0)).max() <= reach:
            return
    raise ValueError(
        f"{name} moves pixels of the image, but not those of its labels (all maps in seg_fields): "
        "let it move both, take an mmlhl or stock transform instead, or leave it out. If nothing "
        "is moved, say so in its class: moves_pixels = False"
    )


def _outcome(
    step: Callable, name: str, trial: int, spot: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Image after the transform, and where its labels come from."""
    results = _sample(trial)
    if spot is not None:
        rows, columns = (slice(start, start + _SPOT) for start in spot)
        results["img"][rows, columns] = 255 - results["img"][rows, columns]
    before = plant(results)
    random.seed(trial)
    np.random.seed(trial)
    torch.manual_seed(trial)
    try:
        moved = copy.deepcopy(step)(results)
        image = moved["img"]
        if not isinstance(image, np.ndarray):
            return None
    except Exception:  # it needs more than a trial can offer
        return None
    source = harvest(moved, before, name)
    return image, np.arange(before.size).reshape(SIZE) if source is None else source


def _sample(trial: int) -> dict:
    places = np.random.RandomState(1000 + trial)
    coarse = places.randint(60, 196, (SIZE[0] // 8, SIZE[1] // 8, 3)).astype(np.uint8)
    img = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    return dict(
        img=img,
        img_shape=SIZE,
        ori_shape=SIZE,
        img_path="trial.png",
        img_id="trial",
        sample_idx=trial,
        gt_seg_map=places.randint(0, 4, SIZE).astype(np.uint8),
        seg_fields=["gt_seg_map"],
        dense_fields=dict(gt_seg_map="classes"),
        label_map=None,
        reduce_zero_label=False,
    )
