"""Checks of a head's distances and groups: one value per pixel, within the expected range."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from weakref import WeakSet

import torch
from torch import Tensor

from .protocols import DenseHead

#: types of group ids; bool is background and foreground
INTEGERS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
#: heads whose values have been checked, by name of the head's method; only once, since reading a
#: value synchronises with the device
_checked: dict[str, WeakSet] = defaultdict(WeakSet)
#: how far below zero rounding may take a distance such as 1 - cosine: absolute, or as a share of
#: the greatest value
ROUNDING, SHARE = 1e-3, 1e-2


def per_pixel(head: DenseHead, what: str, values: Tensor, shape: Sequence[int]) -> Tensor:
    """Check that a map of a head has one value per pixel, and that a distance is not negative.

    A channel axis that was not reduced, or a mean over the image, would broadcast against the mask
    of valid pixels and silently change the scale of the loss.

    Args:
        head: The head.
        what: Name of its method that returned the map.
        values: The map.
        shape: ``(N, H, W)``, the shape that it must have.

    Returns:
        ``values``.

    Raises:
        ValueError: Naming the head's class and both shapes; or if a distance is below zero.
    """
    if tuple(values.shape) != tuple(shape):
        raise ValueError(
            f"{type(head).__name__}.{what} gives {tuple(values.shape)}; it must give one value per "
            f"pixel, (N, H, W) = {tuple(shape)}"
        )
    if what.endswith("distance") and head not in _checked[what] and values.numel():
        known = values.detach().nan_to_num(0.0)
        low = float(known.min())
        if low < -max(ROUNDING, SHARE * float(known.abs().max())):
            raise ValueError(
                f"{type(head).__name__}.{what} gives {low:.4g}; a distance is >= 0, and 0 where "
                "both are alike"
            )
        _checked[what].add(head)
    return values


def pixel_groups(
    head: DenseHead, teacher: Tensor, valid: Tensor, bins: int | None = None
) -> tuple[Tensor, int | None]:
    """The group of each pixel, and how many groups there are.

    Args:
        head: The task's head.
        teacher: The teacher's pseudo label.
        valid: ``(N, H, W)`` bool, pixels that count.
        bins: As in the head's ``groups``.

    Returns:
        ``(N, H, W)`` int64, and the number of groups; None if it depends on the data.

    Raises:
        ValueError: If the groups are no integers, there is not one per pixel, or an id is not below
            the head's ``num_groups``.
    """
    groups = head.groups(teacher, valid) if bins is None else head.groups(teacher, valid, bins=bins)
    name = type(head).__name__
    if groups.dtype not in INTEGERS:
        raise ValueError(f"{name}.groups gives {groups.dtype}; group ids are integers, int64")
    groups = per_pixel(head, "groups", groups, valid.shape).long()
    count = head.num_groups
    if count is None:
        return groups, None
    count = max(count, bins or 0)  # empty groups do no harm
    if head not in _checked["groups"]:
        _checked["groups"].add(head)
        highest = int(groups.masked_fill(~valid, 0).max()) if groups.numel() else 0
        if highest >= count:
            raise ValueError(
                f"{name}.groups gives the id {highest}, but {name}.num_groups is "
                f"{head.num_groups}: ids run from 0 to num_groups - 1; None stands for a number "
                "that depends on the data"
            )
    return groups, count
