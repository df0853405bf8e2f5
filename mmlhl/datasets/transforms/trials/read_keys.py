"""Which maps a transform reads from elsewhere, instead of changing those of the sample."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from ....draws import undisturbed
from ..maps import annotation_maps, label_kinds, same_map
from .rounds import pair_of, run_trial
from .samples import image_sample

_SIZE = (24, 32)


def reads_image(step: Callable) -> bool:
    """Whether a transform puts the image of the sample's file in place of the sample's own."""
    sample = image_sample(0, _SIZE)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "image.png"))
        cv2.imwrite(path, image_sample(1, _SIZE)["img"])
        return "img" in read_keys(step, {**sample, "img_path": path})


def read_keys(step: Callable, results: Mapping) -> tuple[str, ...]:
    """Keys of the image and the labels that do not depend on what the sample has.

    Returns:
        The keys; those of constant and of random maps are left out.
    """
    with undisturbed():
        try:
            sample, other = copy.deepcopy(dict(results)), copy.deepcopy(dict(results))
            for key in ["img", *(key for key, _ in annotation_maps(other))]:
                height, width = other[key].shape[:2]
                other[key] = np.roll(other[key], (height // 3, width // 3), (0, 1))
            before = {key: (sample.get(key), other[key]) for key in list(other)}
            found = [
                None if pair is None else run_trial(pair[0], each, trial)
                for pair, each, trial in (
                    (pair_of(step), copy.deepcopy(sample), 0),
                    (pair_of(step), other, 0),
                    (pair_of(step), copy.deepcopy(sample), 1),
                )
            ]
            made = [each[0] for each in found if each is not None]
            if len(made) < 3:
                return ()
            keys = ["img", *label_kinds(made[0])]
            return tuple(key for key in keys if _is_read(key, before.get(key), made))
        except Exception:  # it needs more than the sample has, or gives no maps
            return ()


def _is_read(key: str, before: tuple | None, made: list[dict]) -> bool:
    maps = [each[key] for each in made if isinstance(each.get(key), np.ndarray)]
    if len(maps) < len(made) or maps[0].ndim < 2:
        return False
    first, second, third = maps
    if before is not None and before[0] is not None and same_map(*before):
        return False  # a constant map is the same wherever it is rolled to
    constant = same_map(first, np.broadcast_to(first[:1, :1], first.shape))
    return not constant and same_map(first, second) and same_map(first, third)
