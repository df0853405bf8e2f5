"""Precision and means of masked maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

HALVES = (torch.float16, torch.bfloat16)


def full_precision(maps: Tensor) -> Tensor:
    """``maps`` in float32 if they are in half precision, else unchanged."""
    return maps.float() if maps.dtype in HALVES else maps


def zero_outside(values: Tensor, mask: Tensor) -> Tensor:
    """``values`` in full precision, zero (NaN and inf included) where ``mask`` is False."""
    values = full_precision(values)
    return torch.where(mask, values, values.new_zeros(()))


def masked_mean(values: Tensor, mask: Tensor, dim: Sequence[int] | None = None) -> Tensor:
    """Mean of ``values`` where ``mask`` is True.

    Args:
        values: Any shape.
        mask: Likewise, bool.
        dim: Axes that the mean is over; None for all.

    Returns:
        The mean; zero, with a gradient of zeros, where no pixel is in the mask.
    """
    axes = tuple(range(values.dim())) if dim is None else tuple(dim)
    return zero_outside(values, mask).sum(axes) / mask.sum(axes).clamp(min=1)


def pixel_mean(distance: Tensor, valid: Tensor) -> Tensor:
    """Mean distance over the valid pixels of each image.

    Args:
        distance: ``(N, H, W)``.
        valid: ``(N, H, W)`` bool.

    Returns:
        ``(N,)``, zero (with a gradient path) for an image without a valid pixel.
    """
    return masked_mean(distance, valid, (1, 2))
