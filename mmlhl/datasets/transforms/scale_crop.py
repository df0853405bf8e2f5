"""Random zoom into a part of the image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from ... import config_values
from .maps import annotation_maps, crop_maps, resize_map, unit_length, zoom_depth


@TRANSFORMS.register_module()
class MultiTaskRandomScaleCrop(BaseTransform):
    """Cut a random part of 1 / zoom of the image's sides and enlarge it to the image's size.

    Objects that look ``zoom`` times greater are taken to be as many times nearer: depth is divided
    by the zoom, inverse depth multiplied (Eigen et al., 2014). Normals have two interpretations:

    - ``normals='keep'``: the focal length is longer and the scene smaller by the same factor.
      Shapes stay similar, so normals do not change, as in the multi-task literature.
    - ``normals='tilt'``: the camera is the same for all images. The scene that fits the divided
      depth is then compressed along the optical axis, and normals become (n_x, n_y, zoom n_z)
      of unit length (Eigen & Fergus, 2015).

    Args:
        scales: Zooms, at least 1: a list to choose from, or a pair as ``range`` if ``uniform``.
        uniform: Whether ``scales`` is a (lowest, greatest) pair to draw uniformly from.
        normals: ``keep`` or ``tilt``.

    Raises:
        ValueError: On a zoom below 1, other than two zooms if uniform, or another ``normals``.
    """

    def __init__(
        self,
        scales: Sequence[float] | float = (1.0, 1.2, 1.5),
        uniform: bool = False,
        normals: str = "keep",
    ) -> None:
        scales = config_values.numbers(scales, "scales of MultiTaskRandomScaleCrop")
        if not scales or not 1 <= min(scales) <= max(scales) < math.inf:
            raise ValueError(
                f"scales of MultiTaskRandomScaleCrop is {scales}; every zoom must be finite and at "
                "least 1 (nothing lies beyond the image)"
            )
        if uniform and len(scales) != 2:
            raise ValueError(f"scales must be (lowest, greatest) if uniform, got {scales}")
        if normals not in ("keep", "tilt"):
            raise ValueError(f"normals is {normals!r}; it must be 'keep' or 'tilt'")
        self.scales = scales
        self.uniform = uniform
        self.normals = normals

    @cache_randomness
    def _draw(self) -> tuple[float, float, float]:
        if self.uniform:
            zoom = np.random.uniform(self.scales[0], self.scales[1])
        else:
            zoom = self.scales[np.random.randint(len(self.scales))]
        return float(zoom), np.random.rand(), np.random.rand()

    def transform(self, results: dict) -> dict:
        """Zoom into the image and its annotations."""
        zoom, down, right = self._draw()
        if zoom == 1.0:
            return results
        size = results["img"].shape[:2]
        height, width = max(round(size[0] / zoom), 1), max(round(size[1] / zoom), 1)
        top = int(down * (size[0] - height + 1))
        left = int(right * (size[1] - width + 1))
        crop_maps(results, top, left, height, width, self)
        # the crop has whole pixels, so the true zoom differs slightly from the drawn one
        zoom = (size[0] / height * size[1] / width) ** 0.5
        results["img"] = cv2.resize(
            np.ascontiguousarray(results["img"]), size[::-1], interpolation=cv2.INTER_LINEAR
        )
        for key, kind in list(annotation_maps(results)):
            resized = resize_map(np.ascontiguousarray(results[key]), size, kind)
            if kind == "normal" and self.normals == "tilt":
                resized = unit_length(resized * np.array([1, 1, zoom], np.float32))
            results[key] = resized
        zoom_depth(results, zoom)
        results["img_shape"] = size
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(scales={self.scales}, uniform={self.uniform}, "
            f"normals={self.normals!r})"
        )
