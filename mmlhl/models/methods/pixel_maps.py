"""Checks of a head's distances and groups: one value per pixel, within the expected range."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from weakref import WeakSet

import torch
from torch import Tensor, nn

from .protocols import DenseHead

#: types of group ids; bool is background and foreground
INTEGERS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
#: heads whose values have been checked, by name of the head's method; only once, since reading a
#: value synchronises with the device
_checked: dict[str, WeakSet] = defaultdict(WeakSet)
#: standard deviations and (height, width) of the raw maps that heads are tried on
_SCALES, _SIZE = (1.0, 10.0, 100.0), (32, 32)
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
    return checked_groups(head, _groups(head, teacher, valid, bins), valid, bins)


def _groups(head: DenseHead, teacher: Tensor, valid: Tensor, bins: int | None) -> Tensor:
    return head.groups(teacher, valid) if bins is None else head.groups(teacher, valid, bins=bins)


def checked_groups(
    head: DenseHead, groups: Tensor, valid: Tensor, bins: int | None = None
) -> tuple[Tensor, int | None]:
    """Check group ids: those of each batch if the head is a user's own.

    Args:
        head: The head.
        groups: What its ``groups`` gave.
        valid: ``(N, H, W)`` bool, pixels that count.
        bins: What its ``groups`` was given.

    Returns:
        As :func:`pixel_groups`.

    Raises:
        ValueError: Likewise.
    """
    name = type(head).__name__
    if groups.dtype not in INTEGERS:
        raise ValueError(f"{name}.groups gives {groups.dtype}; group ids are integers, int64")
    groups = per_pixel(head, "groups", groups, valid.shape).long()
    count = head.num_groups
    if count is None:
        return groups, None
    count = max(count, bins or 0)  # empty groups do no harm
    own = not type(head).__module__.startswith("mmlhl.") or "groups" in vars(head)
    if own or head not in _checked["groups"]:
        _checked["groups"].add(head)
        highest = int(groups.masked_fill(~valid, 0).max()) if groups.numel() else 0
        if highest >= count:
            raise ValueError(
                f"{name}.groups gives the id {highest}, but {name}.num_groups is "
                f"{head.num_groups}: ids run from 0 to num_groups - 1; None stands for a number "
                "that depends on the data"
            )
    return groups, count


@torch.no_grad()
def try_groups(head: DenseHead, bins: int | None = None) -> None:
    """Check the ids of what a head may predict once it is trained.

    Raises:
        ValueError: As in :func:`checked_groups`.
    """
    channels = getattr(head, "channels", None)
    if channels is None:
        return
    draws = torch.Generator().manual_seed(0)
    raw = torch.randn((len(_SCALES), channels, *_SIZE), generator=draws)
    raw *= torch.tensor(_SCALES).view(-1, 1, 1, 1)
    place = next(head.parameters(), raw).device if isinstance(head, nn.Module) else raw.device
    try:
        pred = head.activate(raw.to(place), _SIZE)
        valid = pred.isfinite().all(1)
        groups = _groups(head, head.pseudo_label(pred), valid, bins)
    except Exception:  # a step with the teacher shows why
        return
    checked_groups(head, groups, valid, bins)
