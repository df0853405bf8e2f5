"""Cutting off padding that was resized together with the image.

At the border of the image, such a map mixes what was predicted for the image with what was
predicted for the padding, once in the network's input and once when the map is resized back. So
the outermost pixels that show the image alone are continued over the padding first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_REACH = dict(nearest=0.5, bilinear=1.0, bicubic=2.0, lanczos=4.0)
"""Pixels at both sides of a place that each way of interpolation mixes."""


def without_padding(
    raw: Tensor,
    resizes: Sequence[dict],
    padding: Sequence[int],
    size: Sequence[int],
    mixed: Sequence[int] = (0, 0),
) -> Tensor:
    """A map with what it shows of the padding replaced by the image's border.

    Args:
        raw: ``(N, K, h, w)``, of the padded image after resizing.
        resizes: The steps that resized it, in the order of the pipeline.
        padding: Left, right, top, bottom, before these.
        size: (height, width) of the padded image.
        mixed: Rows and columns beside the padding that show it as well, since the map has been
            resized before, see :func:`mixed_pixels`.

    Returns:
        The map, of the same size; unchanged if no pixel shows the image alone.
    """
    left, right, top, bottom = padding
    for axis, first, last in ((2, top, bottom), (3, left, right)):
        length = raw.shape[axis]
        inside = (first if first else -math.inf, size[axis - 2] - 1 - last if last else math.inf)
        sides = [int(step["size"][axis - 2]) for step in resizes] + [length]
        ways = [step.get("interpolation") for step in resizes]
        for before, after, way in zip(sides, sides[1:], ways, strict=False):
            inside = _pure(inside, before, after, way)
        start = max(inside[0] + mixed[axis - 2], 0)
        end = min(inside[1] - mixed[axis - 2], length - 1)
        if start > end or (start, end) == (0, length - 1):
            continue
        places = torch.arange(length, device=raw.device).clamp(int(start), int(end))
        raw = raw.index_select(axis, places)
    return raw


def mixed_pixels(resizes: Sequence[dict], length: Sequence[int]) -> tuple[int, int]:
    """How far values spread when an image is resized, and the map of it resized back.

    Args:
        resizes: The steps that resized the image.
        length: (height, width) of the map before it is resized back.
    """
    spread = []
    for axis in (0, 1):
        first = resizes[0]["size"][axis]
        sides = [*(step["size"][axis] for step in resizes), length[axis]]
        total = first / length[axis]  # resizing back is bilinear
        for step, before, after in zip(resizes, sides, sides[1:], strict=False):
            total += _reach(before, after, step.get("interpolation")) * first / before
        spread.append(math.ceil(total) - 1)
    return spread[0], spread[1]


def _reach(before: int, after: int, way: str | None) -> float:
    return max(1.0, before / after / 2 + 0.5) if way == "area" else _REACH.get(way or "", 1.0)


def _pure(
    inside: tuple[float, float], before: int, after: int, way: str | None
) -> tuple[float, float]:
    """First and last pixel after a resize that mix nothing but those from first to last before."""
    if before == after:
        return inside
    scale = before / after
    reach = _reach(before, after, way)
    # the centre of pixel r lies at (r + 0.5) * scale - 0.5 before
    first, last = (
        (centre + 0.5) / scale - 0.5 for centre in (inside[0] - 1 + reach, inside[1] + 1 - reach)
    )
    near = 1e-9  # of rounding
    return (
        first if math.isinf(first) else math.ceil(first - near),
        last if math.isinf(last) else math.floor(last + near),
    )
