"""Resizing of images together with all their annotations."""

from __future__ import annotations

import inspect
from typing import Any

from mmcv.transforms import RandomChoiceResize, RandomResize
from mmseg.datasets.transforms import Resize, ResizeToMultiple
from mmseg.registry import TRANSFORMS

from ...config_values import flag, positive
from .maps import annotation_maps, is_plain, resize_map, zoom_depth
from .trace import record_step


@TRANSFORMS.register_module()
class MultiTaskResize(Resize):
    """Resize the image and every annotation.

    Class and binary maps are resized by nearest neighbour; float maps are interpolated among
    measured pixels only; normals are scaled to unit length. Depth and normals do not change, as the
    whole view is resampled. With ``as_zoom`` the resized image is meant as a closer view, to be
    followed by a crop of fixed size: depth is divided (inverse depth multiplied) by the
    magnification. For random magnification:
    ``dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.5, 2.0), keep_ratio=True,
    resize_type='MultiTaskResize', as_zoom=True)``, then ``MultiTaskRandomCrop``.

    Args:
        scale: New (width, height), as in mmcv's ``Resize``.
        scale_factor: Factor, or factors for width and height.
        keep_ratio: Whether to keep the aspect ratio.
        as_zoom: Whether depth follows the magnification.
        **kwargs: Further arguments of mmcv's ``Resize``.

    Raises:
        ValueError: If no size is given, or one that is not above 0.
    """

    def __init__(
        self,
        scale: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        keep_ratio: bool = False,
        as_zoom: bool = False,
        **kwargs: Any,
    ) -> None:
        if scale is None and scale_factor is None:
            raise ValueError("MultiTaskResize needs scale or scale_factor")
        for key, value in (("scale", scale), ("scale_factor", scale_factor)):
            if value is not None and value != 0:  # mmcv passes 0 before it draws a scale
                positive(value, f"{key} of Resize")
        flag(keep_ratio, "keep_ratio of Resize")
        super().__init__(scale=scale, scale_factor=scale_factor, keep_ratio=keep_ratio, **kwargs)
        self.as_zoom = as_zoom

    def transform(self, results: dict) -> dict:
        """Resize the image and its annotations."""
        before = tuple(results["img"].shape[:2])
        results = super().transform(results)
        if tuple(results["img"].shape[:2]) != before:
            kind = "zoom" if self.as_zoom else "resize"
            record_step(results, kind, self, size=before, **_way(self.interpolation))
        return results

    def _resize_seg(self, results: dict) -> None:
        resize_labels(results)
        if self.as_zoom:
            across, down = results["scale_factor"]
            zoom_depth(results, (across * down) ** 0.5)


@TRANSFORMS.register_module(name="Resize", force=True)
class StockResize(MultiTaskResize):
    """mmseg's ``Resize``, which resizes every annotation of samples of multi-task datasets."""

    def _resize_seg(self, results: dict) -> None:
        if is_plain(results):
            Resize._resize_seg(self, results)
        else:
            super()._resize_seg(results)


@TRANSFORMS.register_module(name="ResizeToMultiple", force=True)
class StockResizeToMultiple(ResizeToMultiple):
    """mmseg's ``ResizeToMultiple``, for every annotation."""

    def transform(self, results: dict) -> dict:
        """Resize the image and its annotations."""
        before = tuple(results["img"].shape[:2])
        fields = results.get("seg_fields", [])
        if not is_plain(results):
            results["seg_fields"] = []  # the parent would resize these
        results = super().transform(results)
        results["seg_fields"] = fields
        if not is_plain(results):
            resize_labels(results)
        if results["img_shape"] != before:
            way = _way(self.interpolation)
            record_step(results, "resize", "ResizeToMultiple", size=before, **way)
        return results


def _way(interpolation: str | None) -> dict[str, str]:
    """What a step stores of how the image was interpolated, unless bilinearly."""
    return {} if interpolation in (None, "bilinear") else dict(interpolation=str(interpolation))


def resize_labels(results: dict) -> None:
    """Resize all annotation maps to the size of the image."""
    size = tuple(results["img"].shape[:2])
    for key, kind in list(annotation_maps(results)):
        results[key] = resize_map(results[key], size, kind)


def _ours(resize_type: str | type) -> str | type:
    """A transform's type in mmseg's registry, which has our replacements of stock transforms.

    mmcv looks names up in mmengine's registry unless a default scope is set.
    """
    name = resize_type.__name__ if inspect.isclass(resize_type) else str(resize_type)
    name = name.rpartition(".")[2]
    found = TRANSFORMS.module_dict.get(name)
    same = found is not None and (
        not inspect.isclass(resize_type) or issubclass(found, resize_type)
    )
    return f"mmseg.{name}" if same else resize_type


@TRANSFORMS.register_module(name="RandomResize")
class StockRandomResize(RandomResize):
    """mmcv's ``RandomResize``, which finds ``Resize`` in any default scope.

    Args:
        scale: As in mmcv.
        ratio_range: As in mmcv.
        resize_type: Transform that resizes.
        **resize_kwargs: Its arguments.

    Raises:
        ValueError: If ``ratio_range`` is not (least, greatest), both above 0, or is not given and
            ``scale`` is one size.
    """

    def __init__(
        self,
        scale: tuple,
        ratio_range: tuple[float, float] | None = None,
        resize_type: str | type = "Resize",
        **resize_kwargs: Any,
    ) -> None:
        if ratio_range is not None and not 0 < ratio_range[0] <= ratio_range[1]:
            raise ValueError(
                f"ratio_range of RandomResize is {ratio_range!r}; it must be (least, greatest), "
                "both above 0"
            )
        if ratio_range is None and not (len(scale) == 2 and isinstance(scale[0], (list, tuple))):
            raise ValueError(
                f"scale of RandomResize is {scale!r}; without ratio_range it must be two sizes, "
                "between which one is drawn"
            )
        super().__init__(scale, ratio_range, _ours(resize_type), **resize_kwargs)


@TRANSFORMS.register_module(name="RandomChoiceResize")
class StockRandomChoiceResize(RandomChoiceResize):
    """mmcv's ``RandomChoiceResize``, which finds ``Resize`` in any default scope.

    Args:
        scales: As in mmcv.
        resize_type: Transform that resizes.
        **resize_kwargs: Its arguments.
    """

    def __init__(
        self, scales: list, resize_type: str | type = "Resize", **resize_kwargs: Any
    ) -> None:
        super().__init__(scales, _ours(resize_type), **resize_kwargs)
