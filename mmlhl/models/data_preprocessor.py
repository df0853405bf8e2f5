"""Batching of images and of all their annotation maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from ..config_values import is_number
from ..registered import registered_class
from .padded_sizes import check_padding, check_test_cfg


@MODELS.register_module()
class MultiTaskDataPreProcessor(SegDataPreProcessor):
    """mmseg's preprocessor, with every annotation padded by its own value for "unlabelled".

    Images are moved to the device, optionally converted to RGB, normalised and padded at the right
    and bottom to a common size. Integer maps ``gt_*`` are padded with ``seg_pad_val``, float maps
    with NaN. A padded sample gets a ``valid_map`` (1, H, W), False in the padding, so that
    distillation ignores the padding; an existing ``valid_map`` is padded with False.

    In tests nothing is padded unless ``test_cfg`` has a ``size`` or ``size_divisor``; with it,
    images of different sizes may share a batch. Annotations are never padded in tests.

    Args:
        mean: Mean of R, G, B in 0..255, or of each of any number of channels. No normalisation
            when None.
        std: Standard deviation of the same.
        size: (height, width) that every training image is padded to.
        size_divisor: Training images are padded to the batch's greatest size, rounded up to a
            multiple of this. Defaults to 1 when ``size`` is not given.
        pad_val: What images are padded with, after normalisation.
        seg_pad_val: What integer maps are padded with.
        bgr_to_rgb: Whether images come as BGR and the model takes RGB.
        rgb_to_bgr: The reverse.
        batch_augments: A function of images and data samples, in training.
        test_cfg: ``size`` or ``size_divisor`` in tests.

    Raises:
        ValueError: If ``size`` and ``size_divisor`` are both given or not positive, ``test_cfg``
            has another key, or ``mean`` and ``std`` do not have one value per channel each.
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        size: tuple[int, int] | None = None,
        size_divisor: int | None = None,
        pad_val: float = 0,
        seg_pad_val: float = 255,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        batch_augments: Callable | None = None,
        test_cfg: dict | None = None,
    ) -> None:
        if (mean is None) != (std is None):
            raise ValueError(
                f"data_preprocessor has mean={mean} and std={std}; give both or neither"
            )
        for key, numbers in (("mean", mean), ("std", std)):
            listed = isinstance(numbers, (list, tuple)) and numbers
            if numbers is not None and not (
                listed and all(is_number(value) and math.isfinite(value) for value in numbers)
            ):
                raise ValueError(
                    f"data_preprocessor has {key}={numbers!r}; it must be a list of finite "
                    "numbers, one per channel"
                )
        if std is not None and not all(value > 0 for value in std):
            raise ValueError(f"data_preprocessor has std={list(std)}; each must be > 0")
        if mean is not None and std is not None and len(mean) != len(std):
            raise ValueError(
                f"data_preprocessor has mean={list(mean)} and std={list(std)}; "
                "each needs one value per channel"
            )
        check_padding(size, size_divisor)
        check_test_cfg(test_cfg)
        if batch_augments is not None and not callable(batch_augments):
            raise ValueError(
                f"data_preprocessor has batch_augments={batch_augments!r}; it must be a function "
                "of images and samples, as mmseg builds none from configs: leave it out"
            )
        if size is None and size_divisor is None:
            size_divisor = 1
        super().__init__(  # of the maintained stack it refuses mean and std of, say, four channels
            size=size,
            size_divisor=size_divisor,
            pad_val=pad_val,
            seg_pad_val=seg_pad_val,
            bgr_to_rgb=bgr_to_rgb,
            rgb_to_bgr=rgb_to_bgr,
            batch_augments=batch_augments,
            test_cfg=test_cfg,
        )
        if mean is not None and std is not None:
            self._enable_normalize = True
            for key, numbers in (("mean", mean), ("std", std)):
                values = torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1)
                self.register_buffer(key, values, persistent=False)
        # the parent has such a flag, but under different names in the two stacks
        self._swap_channels = bgr_to_rgb or rgb_to_bgr

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Make a batch.

        Args:
            data: ``inputs``, a list of (C, h, w) images or a (N, C, H, W) tensor, and
                ``data_samples``, a list of samples or None.
            training: Whether annotations are padded as well.

        Returns:
            ``inputs`` (N, C, H, W) float and ``data_samples``.

        Raises:
            ValueError: If images do not fit into ``size``, differ in size in a test without
                ``test_cfg``, have other channels than ``mean``, or labels do not lie on their image
                in training.
        """
        data = self.cast_data(data)
        samples: list[SegDataSample] | None = data.get("data_samples", None)
        images = self._normalise(data["inputs"])
        if training:
            if samples is None:
                raise ValueError("training needs data_samples, but the batch has none")
            size, divisor = self.size, self.size_divisor
        else:
            test_cfg = self.test_cfg or {}
            size, divisor = test_cfg.get("size"), test_cfg.get("size_divisor")
            if not test_cfg and len({image.shape[-2:] for image in images}) > 1:
                raise ValueError(
                    "images of different sizes in one test batch: "
                    f"{sorted({tuple(i.shape[-2:]) for i in images})}; use batch_size=1 or "
                    "test_cfg=dict(size_divisor=32) in data_preprocessor"
                )
        key = "size" if training else "test_cfg.size"
        height, width = self._batch_size(images, size, divisor, key)
        pads = [(0, width - i.shape[-1], 0, height - i.shape[-2]) for i in images]
        inputs = torch.stack(
            [
                F.pad(image, pad, value=self.pad_val) if any(pad) else image
                for image, pad in zip(images, pads, strict=True)
            ]
        )
        for i, sample in enumerate(samples or []):
            if training:
                self._check_labels(sample, images[i].shape[-2:])
                self._pad_sample(sample, images[i].shape[-2:], pads[i])
                meta = dict(img_shape=tuple(images[i].shape[-2:]), padding_size=pads[i])
                sample.set_metainfo({**meta, "pad_shape": (height, width)})
            elif self.test_cfg:
                sample.set_metainfo(dict(img_padding_size=pads[i], pad_shape=(height, width)))
        if training and self.batch_augments is not None:
            inputs, samples = self.batch_augments(inputs, samples)
        return dict(inputs=inputs, data_samples=samples)

    def _normalise(self, images: Tensor | Sequence[Tensor]) -> list[Tensor]:
        """Float images in the model's channel order."""
        if not isinstance(images, Tensor):
            if len({image.shape for image in images}) > 1:
                return [self._normalise(image[None])[0] for image in images]
            images = torch.stack(list(images))
        if self._swap_channels and images.shape[1] == 3:
            images = images.flip(1)
        images = images.float()
        if self._enable_normalize:
            values, channels = self.mean.numel(), images.shape[1]
            if values not in (1, channels):
                raise ValueError(
                    f"data_preprocessor.mean and std have {values} value(s), the images have "
                    f"{channels} channel(s)"
                )
            images = (images - self.mean) / self.std
        return list(images)

    @staticmethod
    def _batch_size(
        images: Sequence[Tensor], size: Sequence[int] | None, divisor: int | None, key: str
    ) -> tuple[int, int]:
        height = max(image.shape[-2] for image in images)
        width = max(image.shape[-1] for image in images)
        if size is not None:
            if height > size[0] or width > size[1]:
                raise ValueError(
                    f"an image of {height}x{width} (height x width) does not fit into "
                    f"data_preprocessor.{key}={tuple(size)}; crop it or set a greater size"
                )
            return size[0], size[1]
        divisor = divisor or 1
        return -(-height // divisor) * divisor, -(-width // divisor) * divisor

    def _pad_sample(self, sample: SegDataSample, shape: Sequence[int], pad: tuple) -> None:
        if not any(pad):
            return
        if "valid_map" not in sample:
            ones = torch.ones((1, *shape), dtype=torch.bool, device=self.device)
            sample.set_data({"valid_map": PixelData(data=ones)})
        for field, data in _label_maps(sample):
            fill = self._fill_value(field, data)
            sample.set_data({field: PixelData(data=F.pad(data, pad, value=fill))})

    @staticmethod
    def _check_labels(sample: SegDataSample, shape: Sequence[int]) -> None:
        """Refuse labels whose size is not that of their image, or that the geometry missed."""
        meta = sample.metainfo
        path = meta.get("img_path", "a sample")
        resting = meta.get("resting_labels")
        if resting:
            movers = dict.fromkeys(step["by"] for step in meta.get("geometry", ()))
            raise ValueError(
                f"{path}: {', '.join(resting)} was read after the image had been moved by "
                f"{', '.join(movers) or 'a transform'}; in a pipeline for training, "
                "LoadMultiTaskAnnotations comes first"
            )
        for field, data in _label_maps(sample):
            if tuple(data.shape[-2:]) != tuple(shape):
                raise ValueError(
                    f"{path}: {field} is {tuple(data.shape[-2:])} (height, width), but its image "
                    f"{tuple(shape)}; resize and crop them together"
                )

    def _fill_value(self, field: str, data: Tensor) -> float:
        if field == "valid_map":
            return 0
        return float("nan") if data.is_floating_point() else self.seg_pad_val


def for_all_labels(config: Any) -> Any:
    """The config of a preprocessor; :class:`MultiTaskDataPreProcessor` in place of mmseg's own.

    mmseg's pads depth with 255, which would be learned in metres, and other maps not at all, so
    that they would no longer lie on their image. Both take the same options.
    """
    if isinstance(config, Mapping) and registered_class(MODELS, config) is SegDataPreProcessor:
        return {**config, "type": MultiTaskDataPreProcessor}
    return config


def _label_maps(sample: SegDataSample) -> list[tuple[str, Tensor]]:
    """Ground truth maps of a sample, its valid map included."""
    fields = [name for name in sample.keys() if name == "valid_map" or name.startswith("gt_")]
    values = [(name, sample.get(name)) for name in fields]
    return [(n, v.data) for n, v in values if isinstance(v, PixelData) and "data" in v]
