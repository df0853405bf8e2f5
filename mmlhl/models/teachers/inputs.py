"""Converting images preprocessed for one model into those of another model's preprocessor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..padding import image_area


def input_normalisation(preprocessor: nn.Module) -> tuple[Tensor | float, Tensor | float, bool]:
    """Mean, standard deviation and whether channels are swapped."""
    # The two stacks have different names for this flag.
    flags = ("channel_conversion", "_channel_conversion")
    swap = any(bool(getattr(preprocessor, flag, False)) for flag in flags)
    if not getattr(preprocessor, "_enable_normalize", False):
        return 0.0, 1.0, swap
    return preprocessor.get_buffer("mean"), preprocessor.get_buffer("std"), swap


def describe_input(preprocessor: nn.Module) -> dict[str, Any]:
    """The normalisation of a preprocessor as plain data, for a checkpoint's meta.

    Returns:
        ``mean`` and ``std`` as lists, or None without normalisation, and ``bgr_to_rgb``.
    """
    mean, std, swap = input_normalisation(preprocessor)
    if not isinstance(mean, Tensor) or not isinstance(std, Tensor):
        return dict(mean=None, std=None, bgr_to_rgb=swap)
    return dict(mean=mean.flatten().tolist(), std=std.flatten().tolist(), bgr_to_rgb=swap)


def _same(a: Tensor | float, b: Tensor | float) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.equal(a, b)
    return not isinstance(a, Tensor) and not isinstance(b, Tensor) and a == b


def convert_inputs(
    inputs: Tensor,
    data_samples: Sequence,
    source: nn.Module,
    target: nn.Module,
    size: tuple[int, int] | None = None,
) -> Tensor:
    """Convert a batch preprocessed for one model to another model's preprocessing.

    Undoes the normalisation and channel order of ``source`` and applies those of ``target``;
    batch padding gets the padding value of ``target``.

    Args:
        inputs: ``(N, 3, H, W)``, preprocessed by ``source``.
        data_samples: Data samples of the batch, with ``padding_size`` (left, right, top, bottom) if
            padded.
        source: A ``SegDataPreProcessor``, on the inputs' device.
        target: Likewise.
        size: ``(H', W')`` that the result is resized to; None keeps the size.

    Returns:
        ``(N, 3, H', W')``; the inputs themselves if there is nothing to do.
    """
    source_mean, source_std, source_swap = input_normalisation(source)
    mean, std, swap = input_normalisation(target)
    pad_value = getattr(target, "pad_val", 0)
    alike = _same(source_mean, mean) and _same(source_std, std) and source_swap == swap
    if not (alike and pad_value == getattr(source, "pad_val", 0)):
        if not alike:
            inputs = inputs * source_std + source_mean
            inputs = inputs.flip(1) if source_swap != swap else inputs
            inputs = (inputs - mean) / std
        inputs = inputs.masked_fill(~image_area(inputs, data_samples)[:, None], pad_value)
    if size is not None and tuple(inputs.shape[2:]) != tuple(size):
        inputs = F.interpolate(inputs, size=tuple(size), mode="bilinear", align_corners=False)
    return inputs
