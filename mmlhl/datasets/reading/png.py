"""The header of a PNG file."""

from __future__ import annotations

import struct
from typing import NamedTuple

PNG = b"\x89PNG\r\n\x1a\n"
#: kinds of colour in the header
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
#: bytes up to the end of what is read of the header
HEADER_BYTES = 26


class PngHeader(NamedTuple):
    """Size and layout of a PNG image.

    Attributes:
        width: Pixels per row.
        height: Rows.
        bits: Bits of a number: 1, 2, 4, 8 or 16.
        colour: :data:`GREY`, :data:`RGB`, :data:`PALETTE`, :data:`GREY_ALPHA` or :data:`RGBA`.
    """

    width: int
    height: int
    bits: int
    colour: int


def png_header(content: bytes) -> PngHeader | None:
    """The header of an encoded image; None if it is no PNG or ends before."""
    if content[:8] != PNG or len(content) < HEADER_BYTES:
        return None
    return PngHeader(*struct.unpack_from(">IIBB", content, 16))
