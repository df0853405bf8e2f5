"""Text in pictures, in fonts of OpenCV."""

from __future__ import annotations

import cv2
import numpy as np

INK, PAPER = (30, 30, 30), 255
BAR = 18  # height of a caption
_FONT, _SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.4


def paper(height: int, width: int) -> np.ndarray:
    """An empty picture ``(height, width, 3)`` uint8."""
    return np.full((height, width, 3), PAPER, np.uint8)


def write(canvas: np.ndarray, text: str, place: tuple[int, int]) -> None:
    """Write a line.

    Args:
        canvas: ``(H, W, 3)`` uint8, changed in place.
        text: The line.
        place: x and y of the left end of its base line.
    """
    cv2.putText(canvas, text, place, _FONT, _SIZE, INK, 1, cv2.LINE_AA)


def width_of(text: str) -> int:
    """Width of a line in pixels."""
    return cv2.getTextSize(text, _FONT, _SIZE, 1)[0][0]


def shortened(text: str, room: int) -> str:
    """Text cut to a width in pixels; characters that OpenCV lacks become question marks."""
    text = text.encode("ascii", "replace").decode()
    while text and width_of(text) > room:
        text = text[:-1]
    return text


def captioned(cell: np.ndarray, caption: str) -> np.ndarray:
    """A picture with a caption above it.

    Args:
        cell: ``(H, W, 3)`` uint8.
        caption: The caption, cut to the picture's width.

    Returns:
        ``(H + BAR, W, 3)`` uint8.
    """
    bar = paper(BAR, cell.shape[1])
    write(bar, shortened(caption, cell.shape[1] - 4), (2, BAR - 5))
    return np.concatenate([bar, cell])
