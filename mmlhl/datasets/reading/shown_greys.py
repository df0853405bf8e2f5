"""The greys by which viewers show the numbers of images of few bits or with a palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .pillow import open_with_pillow
from .png import GREY, HEADER_BYTES, PALETTE, png_header


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

    Returns:
        They; None for images whose numbers are shown as they are, or as colours.
    """
    header = png_header(content)
    if header is not None and header.colour == GREY and header.bits < 8:
        top = 2**header.bits - 1
        table = np.arange(256) * (255 // top)
        return ShownGreys(table.clip(0, 255).astype(np.uint8), False, top)
    palette = palette_of(content)
    if palette is None or (palette != palette[:, :1]).any():
        return None
    table = np.zeros(256, np.uint8)
    table[: len(palette)] = palette[:256, 0]
    return ShownGreys(table, True, len(palette) - 1)


def palette_of(content: bytes) -> np.ndarray | None:
    """The palette of an image.

    Returns:
        (N, 3) uint8 colours of the numbers from 0 on; None without a palette.
    """
    header = png_header(content)
    if header is not None:
        if header.colour != PALETTE:
            return None
    elif content[:2] not in (b"BM", b"GI", b"II", b"MM"):  # BMP, GIF and TIFF
        return None
    try:
        with open_with_pillow(content) as image:
            return _colours(image) if image.mode == "P" else None
    except Exception:  # each of Pillow's formats raises its own; decoding the image, too
        return None


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
            header = png_header(file.read(HEADER_BYTES))
    except OSError:
        return None
    return header.bits if header is not None and header.colour == GREY else None
