"""Rotation of images together with all their annotations."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.datasets.transforms import RandomRotate, RandomRotFlip
from mmseg.registry import TRANSFORMS

from .flip import flip_map
from .maps import annotation_maps, ensure_valid_map, is_plain, warp_map
from .trace import record_step


@TRANSFORMS.register_module()
class MultiTaskRandomRotate(BaseTransform):
    """Rotate the image and every annotation, as if the camera rolled around its optical axis.

    The image rotates about its centre and keeps its size. Normals rotate with it: in the frame x
    right, y down, a counter-clockwise rotation by ``a`` maps (n_x, n_y) to
    (cos a n_x + sin a n_y, -sin a n_x + cos a n_y). Depth values are unchanged. Corners without a
    source are unlabelled in every annotation and False in ``valid_map``.

    Args:
        prob: Probability of a rotation.
        degree: Greatest angle in degrees, or (lowest, greatest), counter-clockwise.
        pad_val: Fill value of the image.

    Raises:
        ValueError: If ``prob`` is not in [0, 1], or ``degree`` is not a range.
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
        self.degree = (degree[0], degree[1])
        self.pad_val = pad_val

    @cache_randomness
    def _draw(self) -> tuple[bool, float]:
        lowest, greatest = self.degree
        return bool(np.random.rand() < self.prob), float(np.random.uniform(lowest, greatest))

    def transform(self, results: dict) -> dict:
        """Rotate the image and its annotations."""
        rotate, angle = self._draw()
        if rotate:
            turn(results, angle, self, pad_val=self.pad_val)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(prob={self.prob}, degree={self.degree})"


@TRANSFORMS.register_module(name="RandomRotate", force=True)
class StockRandomRotate(RandomRotate):
    """mmseg's ``RandomRotate``, clockwise, for every annotation."""

    def transform(self, results: dict) -> dict:
        """Rotate the image and its annotations."""
        rotate, angle = self.generate_degree()
        if rotate:
            turn(
                results,
                -angle,
                "RandomRotate",
                pad_val=self.pal_val,
                seg_pad_val=self.seg_pad_val,
                centre=self.center,
                auto_bound=self.auto_bound,
            )
        return results


@TRANSFORMS.register_module(name="RandomRotFlip", force=True)
class StockRandomRotFlip(RandomRotFlip):
    """mmseg's ``RandomRotFlip`` for every annotation.

    Labels are not interpolated, and corners without a source are unlabelled.
    """

    def random_rot_flip(self, results: dict) -> dict:
        """Turn by a multiple of 90 degrees, counter-clockwise, and flip."""
        if is_plain(results):
            return super().random_rot_flip(results)
        quarters = np.random.randint(0, 4)
        direction = ("vertical", "horizontal")[np.random.randint(0, 2)]
        results["img"] = flip_map(np.rot90(results["img"], quarters).copy(), direction, "channels")
        results["img_shape"] = results["img"].shape[:2]
        turned = np.array([(1, 0), (0, -1), (-1, 0), (0, 1)], np.float32)[quarters]
        matrix = np.array([[turned[0], -turned[1]], [turned[1], turned[0]]])
        for key, kind in list(annotation_maps(results)):
            array = np.rot90(results[key], quarters).copy()
            if kind == "normal":
                array[..., :2] = array[..., :2] @ matrix.T
            results[key] = flip_map(array, direction, kind)
        if quarters % 2:
            record_step(results, "warp", "RandomRotFlip")
        elif quarters == 2:
            record_step(results, "flip", "RandomRotFlip", direction="diagonal")
        record_step(results, "flip", "RandomRotFlip", direction=direction)
        return results

    def random_rotate(self, results: dict) -> dict:
        """Turn by a random angle."""
        if is_plain(results):
            return super().random_rotate(results)
        turn(results, -np.random.uniform(min(*self.degree), max(*self.degree)), "RandomRotFlip")
        return results

    def transform(self, results: dict) -> dict:
        """Rotate, or turn and flip, or neither."""
        rotate = np.random.rand() < self.rotate_prob
        if rotate:
            results = self.random_rotate(results)
        flip = np.random.rand() < self.flip_prob  # always drawn, as in mmseg
        return self.random_rot_flip(results) if flip and not rotate else results


def turn(
    results: dict,
    angle: float,
    by: object,
    pad_val: float | Sequence[float] = 0,
    seg_pad_val: float | None = None,
    centre: tuple[float, float] | None = None,
    auto_bound: bool = False,
) -> None:
    """Rotate the image and its annotations.

    Args:
        results: Pipeline results with ``img``.
        angle: Counter-clockwise, in degrees.
        by: The transform, or its name.
        pad_val: Fill value of the image.
        seg_pad_val: Fill value of class and binary maps; 255 when None.
        centre: (x, y) of the centre of rotation; that of the image when None.
        auto_bound: Whether the image grows so that nothing is cut off.
    """
    height, width = results["img"].shape[:2]
    if centre is None and angle % 180 == 0:  # nothing is cut off, and tests can undo it
        if angle % 360:
            results["img"] = flip_map(results["img"], "diagonal", "channels")
            for key, kind in list(annotation_maps(results)):
                results[key] = flip_map(results[key], "diagonal", kind)
            record_step(results, "flip", by, direction="diagonal")
        return
    if centre is None:
        centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, angle, 1.0)
    if auto_bound:
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        wide, high = height * sin + width * cos, height * cos + width * sin
        matrix[:, 2] += (wide - width) / 2, (high - height) / 2
        height, width = round(high), round(wide)
    ensure_valid_map(results)
    if isinstance(pad_val, (int, float)):
        pad_val = (pad_val,) * 4
    results["img"] = cv2.warpAffine(
        results["img"], matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=tuple(pad_val)
    )
    results["img_shape"] = (height, width)
    for key, kind in list(annotation_maps(results)):
        fill = seg_pad_val if key in results.get("seg_fields", ()) else None
        warped = warp_map(results[key], matrix, kind, (height, width), fill)
        if kind == "normal":
            # the matrix's linear part rotates directions in the image plane as well
            warped[..., :2] = warped[..., :2] @ matrix[:, :2].astype(np.float32).T
        results[key] = warped
    record_step(results, "warp", by)
