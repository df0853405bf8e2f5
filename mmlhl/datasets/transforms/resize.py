"""Resizing of images together with all their annotations."""

from __future__ import annotations

from mmcv.transforms import Resize
from mmseg.registry import TRANSFORMS

from .maps import annotation_maps, resize_map, zoom_depth


@TRANSFORMS.register_module()
class MultiTaskResize(Resize):
    """Resize the image and every annotation.

    Class and binary maps take the nearest pixel; float maps are interpolated among measured pixels
    only; normals have unit length again. The whole view is resampled, so depth and normals stay
    what they are, unless ``as_zoom`` says that the resized image stands for a closer view of which
    a crop of fixed size follows. Then depth is divided (inverse depth multiplied) by the
    magnification. For random magnification:
    ``dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.5, 2.0), keep_ratio=True,
    resize_type='MultiTaskResize', as_zoom=True)``, then ``MultiTaskRandomCrop``.

    Args:
        scale: New (width, height), as in mmcv's ``Resize``.
        scale_factor: Factor, or factors for width and height.
        keep_ratio: Whether to keep the aspect ratio.
        as_zoom: Whether depth follows the magnification.
        **kwargs: Further arguments of mmcv's ``Resize``.
    """

    def __init__(
        self,
        scale: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
        keep_ratio: bool = False,
        as_zoom: bool = False,
        **kwargs,
    ) -> None:
        if scale is None and scale_factor is None:
            raise ValueError("MultiTaskResize needs scale or scale_factor")
        super().__init__(scale=scale, scale_factor=scale_factor, keep_ratio=keep_ratio, **kwargs)
        self.as_zoom = as_zoom

    def _resize_seg(self, results: dict) -> None:
        size = results["img"].shape[:2]
        for key, kind in list(annotation_maps(results)):
            results[key] = resize_map(results[key], size, kind)
        if self.as_zoom:
            across, down = results["scale_factor"]
            zoom_depth(results, (across * down) ** 0.5)
