"""The heterogeneity-aware distillation loss of HAD (CVPR 2026), by its equations.

The loss does not depend on the output space: it sees one distance per pixel (``I`` in the paper),
one group id per pixel and which pixels count. Heads provide the first two, see
:class:`mmlhl.models.heads.BaseDenseHead`.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .masking import pixel_mean, zero_outside

MEANS = ("geometric", "arithmetic", "pixel")


def distribution_balanced(
    distance: Tensor,
    groups: Tensor,
    valid: Tensor,
    num_groups: int | None = None,
    mean: str = "geometric",
    eps: float = 1e-6,
    offset: float = 0.0,
) -> Tensor:
    """Mean over an image's groups of the mean distance inside each group (HAD, term DB).

    Args:
        distance: ``(N, H, W)``, the pixel distillation map, >= 0.
        groups: ``(N, H, W)`` int64, the group of each pixel; a negative id leaves the pixel out.
        valid: ``(N, H, W)`` bool, pixels that count.
        num_groups: Number of groups; found from ``groups`` if None, which costs a
            synchronisation with the device.
        mean: Inside a group, ``'geometric'`` (the paper), ``'arithmetic'`` (its ablation), or
            ``'pixel'`` for the plain mean over all pixels of the image, groups ignored.
        eps: Floor of the distance inside the logarithm.
        offset: Added to the distance inside the logarithm. A soft floor, without which pixels that
            are already correct dominate the gradient. 0 in the paper.

    Returns:
        ``(N,)``, zero (with a gradient path) for an image without a valid pixel.

    Raises:
        ValueError: On another ``mean``.
    """
    if mean not in MEANS:
        raise ValueError(f"mean must be one of {MEANS}, got {mean!r}")
    valid = valid & (groups >= 0)
    distance = zero_outside(distance, valid)
    if mean == "pixel":
        return pixel_mean(distance, valid)

    n, height, _ = distance.shape
    if num_groups is None:
        num_groups = int(groups.max()) + 1 if groups.numel() else 1
        num_groups = max(num_groups, 1)
    value = distance
    if mean == "geometric":
        value = (distance + offset).clamp(min=eps).log() * valid
    # One cell per row and group: a running sum over a whole image would lose digits in float32.
    row = torch.arange(n * height, device=groups.device).view(n, height, 1)
    cell = (groups.clamp(min=0) + row * num_groups).flatten()

    def total(per_pixel: Tensor) -> Tensor:
        cells = value.new_zeros(n * height * num_groups).scatter_add(0, cell, per_pixel.flatten())
        return cells.view(n, height, num_groups).sum(1)

    counts = total(valid.to(value))
    means = total(value) / counts.clamp(min=1)
    if mean == "geometric":
        means = means.exp()
    present = counts > 0
    means = torch.where(present, means, means.new_zeros(()))
    return means.sum(1) / present.sum(1).clamp(min=1)


@torch.no_grad()
def sobel_magnitude(maps: Tensor) -> Tensor:
    """Gradient magnitude by 3x3 Sobel kernels with zero padding.

    Shifted sums instead of a convolution: exact in float32 under autocast, and faster.

    Args:
        maps: ``(N, H, W)``.
    """
    padded = F.pad(maps, (1, 1, 1, 1))
    columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    rows = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    gx = columns[..., 2:] - columns[..., :-2]
    gy = rows[:, 2:] - rows[:, :-2]
    return (gx.square() + gy.square()).sqrt()


@torch.no_grad()
def salient_pixels(distance: Tensor, valid: Tensor, k: float = 0.9) -> Tensor:
    """Pixels where the loss map has its strongest edges: ``P = {G > k}`` (HAD, term SG).

    ``G`` is the Sobel magnitude of the map, min-max scaled over the valid pixels of each image.
    Other pixels enter the kernels as zero, like the zero padding around the image, so batch padding
    on the right and below changes nothing.

    Args:
        distance: ``(N, H, W)``.
        valid: ``(N, H, W)`` bool.
        k: Threshold on the scaled magnitude, in [0, 1).

    Returns:
        ``(N, H, W)`` bool; all False for a constant magnitude.
    """
    magnitude = sobel_magnitude(zero_outside(distance, valid))
    high = magnitude.masked_fill(~valid, -torch.inf).amax((1, 2), keepdim=True)
    low = magnitude.masked_fill(~valid, torch.inf).amin((1, 2), keepdim=True)
    span = high - low
    scaled = (magnitude - low) / torch.where(span > 0, span, torch.ones_like(span))
    return (scaled > k) & valid


def salience_guided(distance: Tensor, valid: Tensor, k: float = 0.9) -> Tensor:
    """Mean distance over the salient pixels of each image (HAD, term SG).

    Args and shapes as in :func:`salient_pixels`.

    Returns:
        ``(N,)``, zero (with a gradient path) where no pixel is salient.
    """
    return pixel_mean(distance, salient_pixels(distance, valid, k))


@MODELS.register_module()
class HADLoss(nn.Module):
    """Distribution-balanced and salience-guided distillation, as in the paper's equations.

    Source: "Heterogeneity-Aware Distillation", CVPR 2026 (arXiv 2603.26192). For what the
    authors released instead see :class:`HADReleaseLoss`.

    Args:
        k: Threshold of the scaled Sobel magnitude above which a pixel is salient, in [0, 1).
        eps: Floor of the distance inside the geometric mean.
        mean: ``'geometric'`` (paper), ``'arithmetic'`` or ``'pixel'`` (ablations), see
            :func:`distribution_balanced`.
        offset: Soft floor of the geometric mean; 0 in the paper.
        with_db: False leaves the distribution-balanced term out (ablation).
        with_sg: False leaves the salience-guided term out (ablation).

    Raises:
        ValueError: If an option is out of range, both terms are switched off, or an option is set
            that the others leave without effect.
    """

    def __init__(
        self,
        k: float = 0.9,
        eps: float = 1e-6,
        mean: str = "geometric",
        offset: float = 0.0,
        with_db: bool = True,
        with_sg: bool = True,
    ) -> None:
        super().__init__()
        if not 0 <= k < 1:
            raise ValueError(
                f"HADLoss: k must be at least 0 and below 1, got {k}; no pixel's scaled magnitude "
                "exceeds 1, so to leave the term out write with_sg=False"
            )
        if eps <= 0 or offset < 0:
            raise ValueError(f"HADLoss: needs eps > 0 and offset >= 0, got {eps=}, {offset=}")
        if mean not in MEANS:
            raise ValueError(f"HADLoss: mean must be one of {MEANS}, got {mean!r}")
        if not (with_db or with_sg):
            raise ValueError("HADLoss: with_db and with_sg are both False, nothing is left")
        # of two options, the first without effect beside the second
        unread: list[tuple[tuple[str, Any, Any], str]] = []
        if not with_sg:
            unread = [(("k", k, 0.9), "with_sg=False")]
        floors = [("eps", eps, 1e-6), ("offset", offset, 0.0)]
        if not with_db:
            means = [("mean", mean, "geometric"), *floors]
            unread += [(option, "with_db=False") for option in means]
        elif mean != "geometric":
            unread += [(option, f"{mean=}") for option in floors]
        for (name, value, default), other in unread:
            if value != default:
                raise ValueError(
                    f"HADLoss: {name}={value!r} has no effect with {other}: leave one of them out"
                )
        self.k, self.eps, self.mean, self.offset = k, eps, mean, offset
        self.with_db, self.with_sg = with_db, with_sg

    def forward(
        self,
        distance: Tensor,
        groups: Tensor,
        valid: Tensor,
        num_groups: int | None = None,
    ) -> dict[str, Tensor]:
        """Both terms of one task, unweighted, mean over the batch.

        Args:
            distance: ``(N, H, W)``, the pixel distillation map.
            groups: ``(N, H, W)`` int64.
            valid: ``(N, H, W)`` bool.
            num_groups: Number of groups, if known (saves a device synchronisation).

        Returns:
            ``loss_had_db`` and ``loss_had_sg``, scalars; a term switched off is absent.
        """
        losses = {}
        if self.with_db:
            losses["loss_had_db"] = distribution_balanced(
                distance, groups, valid, num_groups, self.mean, self.eps, self.offset
            ).mean()
        if self.with_sg:
            losses["loss_had_sg"] = salience_guided(distance, valid, self.k).mean()
        return losses
