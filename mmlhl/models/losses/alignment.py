"""Bringing the maps and labels of two networks onto one grid."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from .masking import full_precision


def resize_maps(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear resizing, in float32 or better.

    Args:
        maps: ``(N, C, h, w)``.
        size: ``(H, W)``.

    Returns:
        ``(N, C, H, W)``.
    """
    maps = full_precision(maps)
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def resize_labels(labels: Tensor, size: Sequence[int]) -> Tensor:
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
