"""Random crops of images together with all their annotations."""

from __future__ import annotations

import copy
from typing import cast

import numpy as np
from mmcv.transforms import CenterCrop
from mmseg.datasets.transforms import RandomCrop
from mmseg.registry import TRANSFORMS

from ...config_values import positive
from .maps import crop_maps


@TRANSFORMS.register_module(name=["MultiTaskRandomCrop", "RandomCrop"], force=True)
class MultiTaskRandomCrop(RandomCrop):
    """Cut a random part of fixed size out of the image and every annotation.

    Args:
        crop_size: (height, width) or one number for both. Smaller images are kept whole; the data
            preprocessor or ``MultiTaskPad`` pads them.
        cat_max_ratio: Greatest share of labelled pixels of one class; up to ten crops are tried.
            Has no effect in phases without class labels.
        ignore_index: Ignored class id.
    """

    def __init__(
        self,
        crop_size: int | tuple[int, int],
        cat_max_ratio: float = 1.0,
        ignore_index: int = 255,
    ) -> None:
        positive(crop_size, "crop_size of RandomCrop")
        if not isinstance(crop_size, int):
            crop_size = cast(tuple[int, int], tuple(crop_size))
        super().__init__(crop_size, cat_max_ratio, ignore_index)

    def transform(self, results: dict) -> dict:
        """Crop the image and its annotations."""
        chooser = self
        if self.cat_max_ratio < 1 and results.get("gt_seg_map") is None:
            chooser = copy.copy(self)
            chooser.cat_max_ratio = 1.0
        top, bottom, left, right = chooser.crop_bbox(results)
        crop_maps(results, top, left, bottom - top, right - left, self)
        return results


@TRANSFORMS.register_module(name=["MultiTaskCenterCrop", "CenterCrop"])
class MultiTaskCenterCrop(CenterCrop):
    """Cut the middle out of the image and every annotation.

    Args:
        crop_size: (width, height) or one number for both, as in mmcv.
        auto_pad: Whether smaller images are padded first, by ``MultiTaskPad``.
        pad_cfg: Arguments of the padding.
        clip_object_border: As in mmcv.
    """

    def __init__(
        self,
        crop_size: int | tuple[int, int],
        auto_pad: bool = False,
        pad_cfg: dict | None = None,
        clip_object_border: bool = True,
    ) -> None:
        pad_cfg = {**(pad_cfg or {}), "type": "mmseg.MultiTaskPad"}
        if not isinstance(crop_size, int):
            crop_size = cast(tuple[int, int], tuple(crop_size))
        super().__init__(crop_size, auto_pad, pad_cfg, clip_object_border)

    def _crop_img(self, results: dict, bboxes: np.ndarray) -> None:
        left, top, right, bottom = (int(side) for side in bboxes)
        crop_maps(results, top, left, bottom - top + 1, right - left + 1, self)
        results["pad_shape"] = results["img_shape"]

    def _crop_seg_map(self, results: dict, bboxes: np.ndarray) -> None:
        """Nothing left to do: ``_crop_img`` crops all maps."""
