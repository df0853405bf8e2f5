"""Flips that keep geometry true."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import RandomFlip
from mmseg.registry import TRANSFORMS

from .maps import annotation_maps

_CODES = {"horizontal": 1, "vertical": 0, "diagonal": -1}
_SIGNS = {"horizontal": (-1, 1, 1), "vertical": (1, -1, 1), "diagonal": (-1, -1, 1)}


@TRANSFORMS.register_module()
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
        code = _CODES[direction]
        results["img"] = cv2.flip(results["img"], code)
        for key, kind in list(annotation_maps(results)):
            if key == "gt_seg_map" and self.swap_seg_labels is not None:
                flipped = np.ascontiguousarray(self._flip_seg_map(results[key], direction))
            else:
                flipped = cv2.flip(results[key], code)
            if kind == "normal":
                flipped *= np.array(_SIGNS[direction], flipped.dtype)
            results[key] = flipped
