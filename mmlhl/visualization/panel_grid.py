"""Arranging pictures in rows, columns and grids."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .lettering import PAPER, paper


def arrange(blocks: Sequence[Sequence[np.ndarray]], width: int, gap: int) -> np.ndarray:
    """Put blocks of cells into a grid that is somewhat wider than high.

    Args:
        blocks: Rows of up to ``width`` pictures ``(H, W, 3)`` uint8, all of the same size.
        width: Number of cells per block.
        gap: Pixels between cells.

    Returns:
        ``(H', W', 3)`` uint8.
    """
    height, cell = blocks[0][0].shape[:2]
    across = math.ceil(math.sqrt(len(blocks) / width))
    down = math.ceil(len(blocks) / across)
    canvas = np.full(
        (down * (height + gap) - gap, across * width * (cell + gap) - gap, 3), PAPER, np.uint8
    )
    for i, block in enumerate(blocks):
        y = (i // across) * (height + gap)
        for j, picture in enumerate(block):
            x = ((i % across) * width + j) * (cell + gap)
            canvas[y : y + height, x : x + cell] = picture
    return canvas


def joined(parts: Sequence[np.ndarray], axis: int, gap: int) -> np.ndarray:
    """Put pictures of the same height side by side, or of the same width below each other.

    Args:
        parts: Pictures ``(H, W, 3)`` uint8.
        axis: 1 for side by side, 0 for below each other.
        gap: Pixels between them.

    Returns:
        ``(H', W', 3)`` uint8.
    """
    height, width = parts[0].shape[:2]
    between = paper(height, gap) if axis == 1 else paper(gap, width)
    pieces = [parts[0]]
    for part in parts[1:]:
        pieces += [between, part]
    return np.concatenate(pieces, axis=axis)
