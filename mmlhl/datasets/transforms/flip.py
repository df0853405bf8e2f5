"""Flips of images together with all their annotations."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmseg.datasets.transforms import RandomFlip
from mmseg.registry import TRANSFORMS

from ... import config_values
from .maps import annotation_maps
from .trace import record_step

_CODES = {"horizontal": 1, "vertical": 0, "diagonal": -1}
_SIGNS = {"horizontal": (-1, 1, 1), "vertical": (1, -1, 1), "diagonal": (-1, -1, 1)}


@TRANSFORMS.register_module(name=["MultiTaskRandomFlip", "RandomFlip"], force=True)
class MultiTaskRandomFlip(RandomFlip):
    """Flip the image and every annotation.

    A mirrored scene has mirrored normals: a horizontal flip negates their x, a vertical one their
    y, a diagonal one both. Depth, classes and channels only move.

    Args:
        prob: As in mmcv's ``RandomFlip``.
        direction: ``horizontal``, ``vertical``, ``diagonal`` or a list of them.
        swap_seg_labels: Pairs of class ids of ``gt_seg_map`` that swap in a mirror, such as left
            and right arm. In testing, the scores of predictions are swapped back.

    Raises:
        ValueError: If they are no pairs of different classes, or a class is in two of them.
    """

    def __init__(
        self,
        prob: float | list[float] | None = None,
        direction: str | list[str] = "horizontal",
        swap_seg_labels: list | None = None,
    ) -> None:
        if swap_seg_labels is not None:
            _check_pairs(swap_seg_labels)
        super().__init__(prob=prob, direction=direction, swap_seg_labels=swap_seg_labels)

    def _flip(self, results: dict) -> None:
        direction = results["flip_direction"]
        results["img"] = cv2.flip(results["img"], _CODES[direction])
        for key, kind in list(annotation_maps(results)):
            results[key] = flip_map(results[key], direction, kind)
            if self.swap_seg_labels is not None and kind == "classes" and self._swaps(results, key):
                self._check_range(results, key)
                results[key] = self._swap(results[key])
        results["swap_seg_labels"] = self.swap_seg_labels
        if results.get("gt_bboxes") is not None:
            size = results["img"].shape[:2]
            results["gt_bboxes"] = self._flip_bbox(results["gt_bboxes"], size, direction)
        swap = dict(swap=self.swap_seg_labels) if self.swap_seg_labels else {}
        record_step(results, "flip", self, direction=direction, **swap)

    @staticmethod
    def _swaps(results: dict, key: str) -> bool:
        return key == "gt_seg_map" or key not in results.get("dense_fields", ())

    def _check_range(self, results: dict, key: str) -> None:
        counts = [
            ann.num_classes for ann in results.get("ann_specs", {}).values() if ann.key == key
        ]
        count = next(iter(counts), None)
        for pair in self.swap_seg_labels if count is not None else ():
            if max(pair) >= count:
                raise ValueError(
                    f"swap_seg_labels of RandomFlip has {tuple(pair)}, of {count} classes"
                )

    def _swap(self, array: np.ndarray) -> np.ndarray:
        swapped = array.copy()
        for one, other in self.swap_seg_labels:
            swapped[array == one] = other
            swapped[array == other] = one
        return swapped


def _check_pairs(pairs: Sequence) -> None:
    where = "swap_seg_labels of RandomFlip"
    ids = [id_ for pair in pairs for id_ in config_values.integers(pair, where)]
    if len(ids) != 2 * len(pairs) or len(set(ids)) < len(ids) or min(ids, default=0) < 0:
        raise ValueError(
            f"{where} is {pairs!r}; it must be pairs of class ids, each id in one of them"
        )


def flip_map(array: np.ndarray, direction: str, kind: str) -> np.ndarray:
    """Mirror one annotation map.

    Args:
        array: (H, W) or (H, W, K), without negative strides.
        direction: ``horizontal``, ``vertical`` or ``diagonal``.
        kind: Kind of the map; normals change their signs.

    Returns:
        A new array.
    """
    flipped = cv2.flip(array, _CODES[direction]).reshape(array.shape)
    if kind == "normal":
        flipped *= np.array(_SIGNS[direction], flipped.dtype)
    return flipped
