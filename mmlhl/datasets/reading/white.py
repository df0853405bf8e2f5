"""The number that means white in an image of other than 8 bits, and decoding by it."""

from __future__ import annotations

import re
from functools import lru_cache

import cv2
import numpy as np
from mmcv.image.io import imread_flags

from .pillow import open_with_pillow
from .png import png_header
from .tiff import SAMPLE_FORMAT, tiff_pages

USUAL_WHITES = (1023, 4095, 16383)
"""White of images of 10, 12 and 14 bits, which are often stored in 16."""
_FULL = (255, 65535)
_TIFF_BITS, _TIFF_SIGNED = 258, 2
# PGM and PPM: width, height and greatest number, with comments between
_PNM = re.compile(rb"(P[2356])" + rb"(?:\s|#[^\n]*\n)+(\d+)" * 3)
_PAM = re.compile(rb"P7\s(?:.*\n)*?MAXVAL\s+(\d+)\s")


def stated_white(content: bytes) -> int | None:
    """White as an image's header states it, if decoders ignore that.

    They take the numbers of PGM, PPM and PAM files for 8 or 16 bits, whatever the greatest number
    in the header.

    Returns:
        The number; None if decoders find the right one, or the header states none.
    """
    if found := _PNM.match(content):
        white = int(found[4])
        # OpenCV itself stretches numbers that are written as text to 255, unless they are greater
        heeded = white in _FULL or (found[1] in (b"P2", b"P3") and white < 255)
        return None if heeded else white
    if found := _PAM.match(content):
        return None if int(found[1]) in _FULL else int(found[1])
    return None


def is_signed(content: bytes) -> bool:
    """Whether an image holds signed numbers, which decoders turn into dark or black images."""
    return any(page.get(SAMPLE_FORMAT) == _TIFF_SIGNED for page in tiff_pages(content)[:1])


def is_deep_grey(content: bytes) -> bool:
    """Whether Pillow would clip an image's numbers to 255, as it does with grey of 16 bits."""
    try:
        with open_with_pillow(content) as image:
            return image.mode.startswith("I")
    except Exception:  # each of Pillow's formats raises its own
        return False


def greatest_of_16_bits(content: bytes) -> int | None:
    """The greatest number in an image of 16 bits whose white is not stated.

    Returns:
        The number; None for other images, which are not decoded.
    """
    header = png_header(content)
    bits = 8 if header is None else header.bits
    bits = next((page.get(_TIFF_BITS, 1) for page in tiff_pages(content)[:1]), bits)
    if not 8 < bits <= 16 or is_signed(content):
        return None
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    return int(pixels.max()) if pixels is not None and pixels.dtype == np.uint16 else None


def decode_by_white(content: bytes, path: str, white: float, color_type: str) -> np.ndarray | None:
    """An image of 8 bits from one whose white is another number than the greatest of its type.

    Args:
        content: An encoded image.
        path: Its name, for messages.
        white: The stored number that becomes 255.
        color_type: One of mmcv's names for colours, grey and the orientation.

    Returns:
        (H, W, 3) BGR or (H, W) uint8; None if it cannot be decoded.

    Raises:
        ValueError: If the image cannot hold that number, or holds a greater or negative one.
    """
    flags = imread_flags[color_type] | cv2.IMREAD_ANYDEPTH
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if pixels is None:
        return None
    if pixels.dtype.kind not in "ui" or pixels.dtype.itemsize > 2:
        raise ValueError(f"{path}: expected an image of 8 or 16 bits, got {pixels.dtype}")
    top = 2 ** (8 * pixels.dtype.itemsize - (pixels.dtype.kind == "i")) - 1
    low, high = int(pixels.min()), int(pixels.max())
    if white > top:
        raise ValueError(
            f"{path}: its numbers are of 0..{top}, but max_value of LoadImage says that white is "
            f"{white:g}"
        )
    if low < 0 or high > white:
        raise ValueError(
            f"{path}: expected an image with numbers in [0, {white:g}], got [{low}, {high}]; set "
            "max_value of LoadImage if white is another number"
        )
    return _table(white, top)[pixels]


@lru_cache(maxsize=8)
def _table(white: float, top: int) -> np.ndarray:
    return np.rint(np.arange(top + 1) * (255 / white)).clip(0, 255).astype(np.uint8)


def unused_bits_sentence(greatest: int) -> str:
    """A warning if images of 16 bits probably use fewer, and are read dark.

    Args:
        greatest: Greatest number in the images, see :func:`greatest_of_16_bits`.

    Returns:
        A sentence; empty if they use 15 bits or more.
    """
    white = next((white for white in USUAL_WHITES if greatest <= white), None)
    if white is None:
        return ""
    return (
        f"the greatest number in images of 16 bits is {greatest}, but white is 65535 in them, so "
        f"they are read dark; if they use {white.bit_length()} bits, set max_value={white} of "
        "LoadImage"
    )
