"""Comparing a head's current outputs with stored ones or another model's."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses import masked_mean, pixel_mean, unexplained, weighted_centre
from .exemplars import Exemplar, stack_maps
from .pixel_maps import per_pixel
from .protocols import DenseHead
from .step import Step

#: a map counts as constant if its spread is below this share of its mean square
FLAT = 1e-6


def matched(head: DenseHead, now: Tensor, then: Tensor) -> Tensor:
    """Mean ``replay_distance`` of each image's output to the stored one.

    Args:
        head: The task's head.
        now: Its outputs ``(N, K, h, w)``.
        then: The stored ones, NaN in cells that are not matched.

    Returns:
        ``(N,)``, the mean over the matched cells; zero, with a gradient path, if there are none.
    """
    known = then.isfinite().all(1)
    then = torch.where(known[:, None], then.to(now), now.detach())  # no NaN in the gradient
    distance = per_pixel(head, "replay_distance", head.replay_distance(now, then), known.shape)
    return pixel_mean(distance, known)


def share_lost(head: DenseHead, now: Tensor, then: Tensor, valid: Tensor) -> Tensor:
    """The share of an earlier model's map that the present one misses, by ``replay_distance``.

    Of a constant map, which has no spread, it is the share of the mean square of either map.

    Args:
        head: The task's head.
        now: The present raw map ``(N, K, h, w)``.
        then: The earlier model's.
        valid: ``(N, h, w)`` bool, pixels that count.

    Returns:
        Scalar, see :func:`~mmlhl.models.losses.unexplained`.
    """
    output, present = head.replay_output(then), head.replay_output(now)
    centre = weighted_centre(output, valid).expand_as(output)
    distance = head.replay_distance(present, output)
    distance = per_pixel(head, "replay_distance", distance, valid.shape)
    spread = head.replay_distance(centre, output)
    # compared with the map's own size, so that it does not depend on the unit
    whole = valid[:, None].expand_as(output)
    size, new_size = (masked_mean(m.detach().square(), whole) for m in (output, present))
    constant = masked_mean(spread.detach(), valid) <= FLAT * size
    floor = torch.where(constant, torch.maximum(size, new_size), torch.zeros_like(size))
    return unexplained(distance, spread, valid, floor)


def same_stride(output: Tensor, shape: Sequence[int], strides: Sequence[float]) -> bool:
    """Whether a stored output has the stride of the present decoder, up to rounding.

    Args:
        output: ``(K, h, w)``.
        shape: Height and width of its image.
        strides: Pixels per cell of the present grid, vertically and horizontally.
    """
    sides = zip(shape, output.shape[1:], strides, strict=True)
    return all(0.75 < side / cells / stride < 4 / 3 for side, cells, stride in sides)


def at_size(mask: Tensor, size: Sequence[int]) -> Tensor:
    """A bool mask ``(N, H, W)`` resized to ``size`` by nearest neighbour."""
    if mask.shape[1:] == tuple(size):
        return mask
    return F.interpolate(mask[:, None].float(), size=tuple(size), mode="nearest")[:, 0] > 0.5


def match(head: DenseHead, task: str, items: Sequence[Exemplar], step: Step) -> Tensor:
    """Distance between a task's present and stored outputs, mean over the exemplars that have one.

    With a new encoder the maps may have another size. The present raw map is then resized to the
    stored one: raw maps may be interpolated in every output space.

    Returns:
        Scalar, zero (with a gradient path) if no exemplar has an output of this task.
    """
    raw = head(step.feats)
    strides = [
        side / cells for side, cells in zip(step.inputs.shape[2:], raw.shape[2:], strict=True)
    ]
    same: list[int] = []
    other: list[int] = []
    for i, item in enumerate(items):
        if task in item["outputs"]:
            fits = same_stride(item["outputs"][task], item["image"].shape[1:], strides)
            (same if fits else other).append(i)
    distances = []
    nan = float("nan")  # in cells without a stored output: batch padding, or invalid pixels
    if same:
        size = tuple(raw.shape[2:])
        stored = [items[i]["outputs"][task].to(raw.device).float() for i in same]
        then = stack_maps(stored, size, nan)
        then = then.masked_fill(~at_size(step.valid[same], size)[:, None], nan)
        distances.append(matched(head, head.replay_output(raw[same]), then))
    for i in other:
        then = items[i]["outputs"][task].to(raw.device).float()[None]
        height, width = items[i]["image"].shape[1:]
        cells = [max(1, round(s / t)) for s, t in zip((height, width), strides, strict=True)]
        now = head.resize(raw[i : i + 1, :, : cells[0], : cells[1]], then.shape[2:])
        valid = at_size(step.valid[i : i + 1, :height, :width], then.shape[2:])
        then = then.masked_fill(~valid[:, None], nan)
        distances.append(matched(head, head.replay_output(now), then))
    return torch.cat(distances).mean() if distances else raw.sum() * 0.0
