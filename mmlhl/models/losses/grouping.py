"""Cutting an image's pixels into groups by a teacher's continuous output."""

from __future__ import annotations

import torch
from torch import Tensor

from .masking import full_precision


@torch.no_grad()
def scaled_channel_mean(teacher: Tensor, valid: Tensor | None = None) -> Tensor:
    """The channel mean, min-max scaled to [0, 1] over each image's valid pixels.

    Args:
        teacher: ``(N, K, H, W)``.
        valid: ``(N, H, W)`` bool; None counts every pixel.

    Returns:
        ``(N, H, W)``; 0 everywhere in a constant image.
    """
    values = teacher if teacher.is_floating_point() else teacher.float()
    mean = full_precision(values.mean(1))
    if valid is None:
        low, high = mean.amin((1, 2), keepdim=True), mean.amax((1, 2), keepdim=True)
    else:
        low = mean.masked_fill(~valid, torch.inf).amin((1, 2), keepdim=True)
        high = mean.masked_fill(~valid, -torch.inf).amax((1, 2), keepdim=True)
    span = high - low
    span = torch.where(span > 0, span, torch.ones_like(span))
    return ((mean - low) / span).nan_to_num(0.0, 0.0, 0.0)


def foreground_groups(teacher: Tensor, delta: float, valid: Tensor | None = None) -> Tensor:
    """Background (0, scaled value <= delta) and foreground (1), HAD's split of regression.

    Args:
        teacher: ``(N, K, H, W)``, the teacher's output.
        delta: Threshold on the scaled channel mean, in [0, 1].
        valid: ``(N, H, W)`` bool; None counts every pixel.
    """
    return (scaled_channel_mean(teacher, valid) > delta).long()


def equal_width_groups(teacher: Tensor, bins: int, valid: Tensor | None = None) -> Tensor:
    """Bins of equal width over the scaled channel mean (an ablation of HAD).

    Args and returns as in :func:`foreground_groups`; ids run from 0 to ``bins - 1``.
    """
    scaled = scaled_channel_mean(teacher, valid)
    return (scaled * bins).long().clamp(0, bins - 1)
