"""Rotation of images together with all their annotations."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .maps import annotation_maps, ensure_valid_map, warp_map


@TRANSFORMS.register_module()
class MultiTaskRandomRotate(BaseTransform):
    """Roll the camera around its optical axis.

    The image turns about its centre and keeps its size. Normals turn along: in the frame x right,
    y down, a counter-clockwise turn by ``a`` maps (n_x, n_y) to
    (cos a n_x + sin a n_y, -sin a n_x + cos a n_y). Depth only moves. Corners without a source are
    unknown in every annotation and False in ``valid_map``.

    Args:
        prob: Probability of a rotation.
        degree: Greatest angle in degrees, or (lowest, greatest), counter-clockwise.
        pad_val: What the image is filled with.
    """

    def __init__(
        self, prob: float, degree: float | Sequence[float], pad_val: float | Sequence[float] = 0
    ) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f"prob of MultiTaskRandomRotate is {prob}; it must be in [0, 1]")
        if isinstance(degree, (int, float)):
            degree = (-degree, degree)
        if len(degree) != 2 or degree[0] > degree[1]:
            raise ValueError(
                f"degree of MultiTaskRandomRotate is {degree!r}; it must be a positive number or "
                "(lowest, greatest)"
            )
        self.prob = prob
        self.degree = tuple(degree)
        self.pad_val = pad_val

    @cache_randomness
    def _draw(self) -> tuple[bool, float]:
        return bool(np.random.rand() < self.prob), float(np.random.uniform(*self.degree))

    def transform(self, results: dict) -> dict:
        """Rotate the image and its annotations.

        Args:
            results: Pipeline results with ``img``.

        Returns:
            The results, of the same size as before.
        """
        rotate, angle = self._draw()
        if not rotate:
            return results
        img = results["img"]
        height, width = img.shape[:2]
        centre = ((width - 1) / 2, (height - 1) / 2)
        matrix = cv2.getRotationMatrix2D(centre, angle, 1.0)
        ensure_valid_map(results)
        pad_val = self.pad_val
        if isinstance(pad_val, (int, float)):
            pad_val = (pad_val,) * 4
        results["img"] = cv2.warpAffine(
            img, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=tuple(pad_val)
        )
        for key, kind in list(annotation_maps(results)):
            warped = warp_map(np.ascontiguousarray(results[key]), matrix, kind)
            if kind == "normal":
                # the matrix's linear part turns directions in the image plane as it turns pixels
                turn = matrix[:, :2].astype(np.float32)
                warped[..., :2] = warped[..., :2] @ turn.T
            results[key] = warped
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prob={self.prob}, degree={self.degree})"
