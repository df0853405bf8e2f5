"""Flips of images together with all their annotations."""

from __future__ import annotations

import cv2
import numpy as np
from mmseg.datasets.transforms import RandomFlip
from mmseg.registry import TRANSFORMS

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
            and right arm.
    """

    def __init__(
        self,
        prob: float | list[float] | None = None,
        direction: str | list[str] = "horizontal",
        swap_seg_labels: list | None = None,
    ) -> None:
        super().__init__(prob=prob, direction=direction, swap_seg_labels=swap_seg_labels)

    def _flip(self, results: dict) -> None:
        direction = results["flip_direction"]
        results["img"] = cv2.flip(results["img"], _CODES[direction])
        for key, kind in list(annotation_maps(results)):
            results[key] = flip_map(results[key], direction, kind)
            if self.swap_seg_labels is not None and kind == "classes" and self._swaps(results, key):
                results[key] = self._swap(results[key])
        results["swap_seg_labels"] = self.swap_seg_labels
        if results.get("gt_bboxes") is not None:
            size = results["img"].shape[:2]
            results["gt_bboxes"] = self._flip_bbox(results["gt_bboxes"], size, direction)
        record_step(results, "flip", self, direction=direction)

    @staticmethod
    def _swaps(results: dict, key: str) -> bool:
        return key == "gt_seg_map" or key not in results.get("dense_fields", ())

    def _swap(self, array: np.ndarray) -> np.ndarray:
        swapped = array.copy()
        for one, other in self.swap_seg_labels:
            swapped[array == one] = other
            swapped[array == other] = one
        return swapped


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
