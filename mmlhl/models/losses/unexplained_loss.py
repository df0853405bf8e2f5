"""The share of a teacher's maps that a student misses, independent of their unit."""

from __future__ import annotations

import torch
from torch import Tensor

from .masking import masked_mean

#: lower bound of the spread, against division by zero
TINY = 1e-30


def weighted_centre(maps: Tensor, valid: Tensor) -> Tensor:
    """Mean of each channel over the valid pixels of a batch.

    Args:
        maps: ``(N, K, h, w)``.
        valid: ``(N, h, w)`` bool.

    Returns:
        ``(1, K, 1, 1)``, zero if no pixel is valid.
    """
    return masked_mean(maps, valid[:, None].expand_as(maps), (0, 2, 3)).view(1, -1, 1, 1)


def unexplained(
    distance: Tensor, spread: Tensor, valid: Tensor, floor: float | Tensor = 1e-6
) -> Tensor:
    """Mean distance to the teacher, divided by that of the best constant answer.

    With squared differences that is the fraction of the teacher's variance that the student does
    not explain, 1 - R^2: zero for the teacher itself, one for its mean, in any unit. Without a
    logarithm or a root, the gradient fades as the student approaches the teacher.

    Args:
        distance: Distance of student and teacher, ``(N, h, w)``.
        spread: Distance of the teacher's mean and the teacher, likewise; gets no gradient.
        valid: ``(N, h, w)`` bool, pixels that count.
        floor: Least value of the mean spread, for a teacher with a constant output.

    Returns:
        Scalar; zero, with a gradient path, if no pixel is valid.
    """
    least = torch.as_tensor(floor, dtype=spread.dtype, device=spread.device).clamp(min=TINY)
    whole = torch.maximum(masked_mean(spread, valid).detach(), least)
    return masked_mean(distance, valid) / whole
