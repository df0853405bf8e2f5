"""Comparing a head's current outputs with those stored with an image."""

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

#: a map whose mean square distance to its centre is less than this share of its mean square is flat
FLAT = 1e-6


def matched(head: DenseHead, now: Tensor, then: Tensor) -> Tensor:
    """How far each image's output is from the stored one, by the head's own measure.

    Args:
        head: The task's head.
        now: Its outputs ``(N, K, h, w)``.
        then: Likewise, NaN where nothing is matched.

    Returns:
        ``(N,)``, the mean over the cells that are matched; zero, with a gradient path, without any.
    """
    known = then.isfinite().all(1)
    then = torch.where(known[:, None], then.to(now), now.detach())  # no NaN in the gradient
    distance = per_pixel(head, "replay_distance", head.replay_distance(now, then), known.shape)
    return pixel_mean(distance, known)


def share_lost(head: DenseHead, now: Tensor, then: Tensor, valid: Tensor) -> Tensor:
    """Share of what a model said that another one misses, by the head's own measure.

    Args:
        head: The task's head.
        now: Raw map ``(N, K, h, w)``.
        then: Likewise, of the model that is held on to.
        valid: ``(N, h, w)`` bool, pixels that count.

    Returns:
        Scalar, see :func:`~mmlhl.models.losses.unexplained`.
    """
    output = head.replay_output(then)
    centre = weighted_centre(output, valid).expand_as(output)
    distance = head.replay_distance(head.replay_output(now), output)
    distance = per_pixel(head, "replay_distance", distance, valid.shape)
    # relative to the maps themselves, so that it is the same in every unit
    size = masked_mean(output.detach().square(), valid[:, None].expand_as(output))
    return unexplained(distance, head.replay_distance(centre, output), valid, FLAT * size)


def same_stride(output: Tensor, shape: Sequence[int], strides: Sequence[float]) -> bool:
    """Whether a stored output has the grid of the present decoder, up to rounding.

    Args:
        output: ``(K, h, w)``.
        shape: Height and width of its image.
        strides: Pixels per cell of the present grid, vertically and horizontally.
    """
    sides = zip(shape, output.shape[1:], strides, strict=True)
    return all(0.75 < side / cells / stride < 4 / 3 for side, cells, stride in sides)


def at_size(mask: Tensor, size: Sequence[int]) -> Tensor:
    """A bool mask ``(N, H, W)`` at another size, by its nearest pixels."""
    if mask.shape[1:] == tuple(size):
        return mask
    return F.interpolate(mask[:, None].float(), size=tuple(size), mode="nearest")[:, 0] > 0.5


def match(head: DenseHead, task: str, items: Sequence[Exemplar], step: Step) -> Tensor:
    """Distance between a task's outputs now and then, mean over the exemplars that have one.

    A new encoder may give another grid; the present raw map is then resized to the stored one,
    as raw maps may be resized whatever they mean.

    Args:
        head: The task's head.
        task: Its name.
        items: The exemplars of ``step``.
        step: Their images and features.

    Returns:
        Scalar, zero (with a gradient path) if none has an output of this task.
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
    nan = float("nan")  # what has no output: beyond a smaller image, or padding
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
