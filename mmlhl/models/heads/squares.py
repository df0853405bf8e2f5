"""The squared difference by which most output spaces compare stored outputs."""

from __future__ import annotations

from torch import Tensor


def mean_square(now: Tensor, then: Tensor) -> Tensor:
    """Squared difference ``(N, h, w)`` of two maps ``(N, K, h, w)``, mean over channels."""
    return (now - then).square().mean(1)
