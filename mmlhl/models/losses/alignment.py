"""Bringing the maps and labels of two networks onto one grid."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def at_least_float32(maps: Tensor) -> Tensor:
    """``maps`` in float32 if they were in half precision, as they are otherwise."""
    return maps.float() if maps.element_size() < 4 else maps


def resize_maps(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resizing, in float32 or better.

    Args:
        maps: ``(N, C, h, w)``.
        size: ``(H, W)``.

    Returns:
        ``(N, C, H, W)``.
    """
    maps = at_least_float32(maps)
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def resize_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Nearest resizing of class maps.

    Args:
        labels: ``(N, h, w)`` integers, below 2^24.
        size: ``(H, W)``.

    Returns:
        ``(N, H, W)`` int64.
    """
    if tuple(labels.shape[1:]) != tuple(size):
        labels = F.interpolate(labels[:, None].float(), size=tuple(size), mode="nearest")[:, 0]
    return labels.long()


def valid_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of ``values`` (N, H, W) over ``valid`` (N, H, W) bool.

    Zero, with a gradient of zeros, where nothing is valid.
    """
    values = values.masked_fill(~valid, 0)
    return values.sum() / valid.sum().clamp(min=1)
