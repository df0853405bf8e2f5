"""Which images can share a batch."""

from __future__ import annotations

from collections.abc import Sequence


def of_one_size(shapes: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Group images by their size.

    Args:
        shapes: ``(C, H, W)`` of each image.

    Returns:
        Indices of the images of each size, in the order in which sizes first occur.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, shape in enumerate(shapes):
        groups.setdefault(shape, []).append(index)
    return list(groups.values())
