"""The greys by which viewers show the numbers of images of few bits or with a palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .contents import PNG
from .pillow import open_with_pillow

_PNG_DEPTH, _PNG_COLOUR, _GREY, _PALETTE = 24, 25, 0, 3


@dataclass(frozen=True)
class ShownGreys:
    """How stored numbers are shown.

    Attributes:
        table: (256,) uint8, the grey of each stored number.
        palette: Whether the file says so by a palette; otherwise its numbers have few bits.
        top: The greatest number that the file can hold.
    """

    table: np.ndarray
    palette: bool
    top: int


def shown_greys(content: bytes) -> ShownGreys | None:
    """The greys of an image whose numbers are shown as others.

    Args:
        content: An encoded image.

    Returns:
        They; None for images whose numbers are shown as they are, or as colours.
    """
    if content[:8] == PNG and len(content) > _PNG_COLOUR:
        bits, colour = content[_PNG_DEPTH], content[_PNG_COLOUR]
        if colour == _GREY and bits < 8:
            table = np.arange(256) * (255 // (2**bits - 1))
            return ShownGreys(table.clip(0, 255).astype(np.uint8), False, 2**bits - 1)
        if colour != _PALETTE:
            return None
    elif content[:2] not in (b"BM", b"GI", b"II", b"MM"):  # BMP, GIF and TIFF
        return None
    try:
        with open_with_pillow(content) as image:
            if image.mode != "P":
                return None
            palette = _colours(image)
    except Exception:  # each of Pillow's formats raises its own; decoding the image, too
        return None
    if (palette != palette[:, :1]).any():
        return None
    table = np.zeros(256, np.uint8)
    table[: len(palette)] = palette[:256, 0]
    return ShownGreys(table, True, len(palette) - 1)


def _colours(image: Any) -> np.ndarray:
    """(N, 3) colours of an open image's palette."""
    if image.format == "PNG":  # other ways decode all pixels, which takes as long as reading them
        return np.frombuffer(image.palette.palette, np.uint8).reshape(-1, 3)
    return np.array(image.getpalette("RGB") or [0, 0, 0], np.uint8).reshape(-1, 3)


def grey_bits(path: str) -> int | None:
    """Bits of a number in a grey PNG, by its first bytes.

    Args:
        path: A file; one that is not local is not read.

    Returns:
        1, 2, 4, 8 or 16; None for other files.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_PNG_COLOUR + 1)
    except OSError:
        return None
    grey = head[:8] == PNG and len(head) > _PNG_COLOUR and head[_PNG_COLOUR] == _GREY
    return head[_PNG_DEPTH] if grey else None
