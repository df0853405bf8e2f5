"""PFM: floats in text-headed files, by which depth and disparity are published."""

from __future__ import annotations

import re

import numpy as np

_HEADER = re.compile(rb"(P[Ff])\s+(\d+)\s+(\d+)\s+([-+.\deE]+)\s")


def is_pfm(content: bytes) -> bool:
    """Whether a file is PFM."""
    return content[:2] in (b"PF", b"Pf") and content[2:3].isspace()


def decode_pfm(content: bytes, path: str) -> np.ndarray:
    """The numbers of a PFM file.

    The header's scale only says by its sign in which order the bytes are: OpenCV divides by it,
    which makes the published disparities 255 times too large.

    Returns:
        (H, W) or (H, W, 3) float32, the first row at the top.

    Raises:
        ValueError: If the header is none, or the numbers do not fill the size that it states.
    """
    header = _HEADER.match(content)
    try:
        if header is None or not abs(scale := float(header[4])) > 0:
            raise ValueError("its header is broken")
        width, height = int(header[2]), int(header[3])
        channels = 3 if header[1] == b"PF" else 1
        order = "<f4" if scale < 0 else ">f4"
        numbers = np.frombuffer(content, order, offset=header.end())
        pixels = numbers.reshape(height, width, channels)[::-1]
    except ValueError as error:
        raise ValueError(f"{path}: expected a PFM image, but {error}") from None
    return np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels, np.float32)
