"""Inference of several raw maps at once, on the whole image or by a sliding window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from torch import Tensor

from ...config_values import is_size, is_whole
from ...explaining import first_few
from ..views import FLIP_AXES, batch_padding, labels_back, undo_view


def input_metas(inputs: Tensor, samples: Sequence) -> list[dict]:
    """Meta information of each image, with defaults for missing entries.

    Args:
        inputs: ``(N, 3, H, W)``.
        samples: Data samples.

    Returns:
        One dictionary per image. Without ``ori_shape`` an image has the size of the input without
        padding.
    """
    height, width = inputs.shape[2:]
    metas = []
    for sample in samples:
        left, right, top, bottom = batch_padding(sample.metainfo)
        size = (height - top - bottom, width - left - right)
        default = dict(ori_shape=size, img_shape=size, padding_size=(0, 0, 0, 0))
        metas.append({**default, "pad_shape": (height, width), **sample.metainfo})
    return metas


def check_maps(maps: Mapping[str, Tensor], metas: Sequence[dict]) -> None:
    """Refuse raw maps that are not finite: the argmax of NaN would look like a valid class.

    Args:
        maps: ``(N, K, H, W)`` by task.
        metas: Meta information of each image.

    Raises:
        ValueError: Naming the task and the images.
    """
    for task, raw in maps.items():
        finite = raw.isfinite()
        if finite.all():
            continue
        wrong = [meta for meta, each in zip(metas, finite, strict=True) if not each.all()]
        files = [str(meta["img_path"]) for meta in wrong if meta.get("img_path")]
        raise ValueError(
            f"the network's map of {task!r} holds NaN or infinity for {len(wrong)} image(s)"
            f"{': ' + first_few(files) if files else ''}: its weights, its batch statistics or the "
            "image overflow; take an earlier checkpoint, or test without half precision"
        )


def sliding_window(test_cfg: dict) -> tuple[tuple[int, int], tuple[int, int]]:
    """Crop size and stride, (height, width) each, of a checked ``test_cfg``.

    Args:
        test_cfg: With ``mode='slide'``, ``crop_size`` and ``stride``; one number is used for both
            sides.

    Raises:
        ValueError: If one of them is missing or invalid, or windows would leave gaps.
    """
    sizes = []
    for key in ("crop_size", "stride"):
        value = test_cfg.get(key)
        sides = (value, value) if is_whole(value) else value
        if not is_size(sides):
            raise ValueError(
                f"model.test_cfg.{key} is {value!r}; mode='slide' needs (height, width) in pixels"
            )
        sizes.append((sides[0], sides[1]))
    crop, stride = sizes
    if stride[0] > crop[0] or stride[1] > crop[1]:
        raise ValueError(
            f"model.test_cfg.stride is {stride}, greater than crop_size {crop}: pixels between the "
            "windows would never be predicted; the stride may be at most the crop size"
        )
    return crop, stride


def check_test_cfg(test_cfg: dict) -> None:
    """Check the options of inference.

    Raises:
        ValueError: On another mode than ``'whole'`` and ``'slide'``, or wrong sizes.
    """
    mode = test_cfg.get("mode", "whole")
    if mode not in ("whole", "slide"):
        raise ValueError(f"model.test_cfg.mode must be 'whole' or 'slide', got {mode!r}")
    if mode == "slide":
        sliding_window(test_cfg)


def slide(
    infer: Callable[[Tensor], dict[str, Tensor]],
    inputs: Tensor,
    crop_size: Sequence[int],
    stride: Sequence[int],
) -> dict[str, Tensor]:
    """Mean of the raw maps of overlapping windows, as in mmseg's slide inference.

    Args:
        infer: Returns the raw maps of a crop at the crop's size.
        inputs: ``(N, 3, H, W)``.
        crop_size: Height and width of the window; clipped to the image.
        stride: Vertical and horizontal step of the window.

    Returns:
        Raw maps ``(N, K, H, W)`` by task.
    """
    height, width = inputs.shape[2:]
    crop_h, crop_w = min(crop_size[0], height), min(crop_size[1], width)
    # the last window is moved back inside the image, so that every pixel is seen at least once
    tops = [min(y, height - crop_h) for y in range(0, height - crop_h + stride[0], stride[0])]
    lefts = [min(x, width - crop_w) for x in range(0, width - crop_w + stride[1], stride[1])]
    sums: dict[str, Tensor] = {}
    # sums and counts in at least float32: bfloat16 counts to 256 only
    count = inputs.new_zeros(1, 1, height, width, dtype=torch.float32)
    for top in tops:
        for left in lefts:
            window = (..., slice(top, top + crop_h), slice(left, left + crop_w))
            count[window] += 1
            for task, raw in infer(inputs[window]).items():
                if task not in sums:
                    exact = torch.promote_types(raw.dtype, torch.float32)
                    sums[task] = raw.new_zeros(*raw.shape[:2], height, width, dtype=exact)
                sums[task][window] += raw
    return {task: total / count for task, total in sums.items()}


class _LogitsHead:
    """Flips and resizes logits like a head, for :func:`undo_view`."""

    prediction_key = "seg_logits"

    def __init__(self, align_corners: bool) -> None:
        self.align_corners = align_corners

    def flip(self, raw: Tensor, direction: str) -> Tensor:
        return raw.flip(FLIP_AXES[direction])

    def resize(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        return resize(raw, tuple(size), mode="bilinear", align_corners=self.align_corners)


def predict_classes(segmentor: Any, inputs: Tensor, samples: Sequence) -> list:
    """mmseg's ``predict`` of a segmentor, with all geometric transforms of the pipeline undone.

    mmseg itself undoes only the preprocessor's padding and a single flip that is not diagonal.

    Args:
        segmentor: An mmseg segmentor.
        inputs: ``(N, 3, H, W)``.
        samples: Data samples with ``geometry``.

    Returns:
        The samples with ``pred_sem_seg`` and ``seg_logits``.

    Raises:
        ValueError: If a view cannot be undone.
    """
    metas = input_metas(inputs, samples)
    logits = segmentor.inference(inputs, metas)
    head = _LogitsHead(segmentor.align_corners)
    for raw, meta, sample in zip(logits, metas, samples, strict=True):
        raw, size = undo_view(raw[None], meta, head)
        upright = SegDataSample(metainfo=dict(ori_shape=size))
        (done,) = segmentor.postprocess_result(raw, [upright])
        sample.set_data({key: done.get(key) for key in ("pred_sem_seg", "seg_logits")})
        labels_back(sample)
    return list(samples)
