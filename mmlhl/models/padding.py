"""Masks of the pixels of a batch that belong to an image, not to padding."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def image_area(inputs: Tensor, samples: Sequence) -> Tensor:
    """Pixels of a batch that the preprocessor's batching did not add.

    Args:
        inputs: ``(N, C, H, W)``.
        samples: Data samples, padded ones with mmseg's ``padding_size`` (left, right, top, bottom)
            in their meta information.

    Returns:
        ``(N, H, W)`` bool.
    """
    n, _, height, width = inputs.shape
    inside = torch.zeros(n, height, width, dtype=torch.bool, device=inputs.device)
    for mask, sample in zip(inside, samples, strict=True):
        left, right, top, bottom = sample.metainfo.get("padding_size", (0, 0, 0, 0))
        mask[top : height - bottom, left : width - right] = True
    return inside


def valid_pixels(inputs: Tensor, samples: Sequence) -> Tensor:
    """Pixels of a batch that were added neither by batching nor by a transform.

    Args:
        inputs: ``(N, C, H, W)``.
        samples: As in :func:`image_area`, with a ``valid_map`` where a transform added pixels.

    Returns:
        ``(N, H, W)`` bool.
    """
    valid = image_area(inputs, samples)
    for mask, sample in zip(valid, samples, strict=True):
        if "valid_map" in sample:
            mask &= sample.valid_map.data[0].to(mask)
    return valid
