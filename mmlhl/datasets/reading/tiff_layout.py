"""Layouts of TIFF pixels that OpenCV reads wrong without an error."""

from __future__ import annotations

import mmcv

from .tiff import SAMPLE_FORMAT, SUBFILE, tiff_pages

_BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _EXTRA = 258, 262, 277, 284, 338
_GREY, _SEPARATE, _STRAIGHT_ALPHA, _FLOATS = (0, 1), 2, 2, 3
_RGB = 2
_OPAQUE = 255


def refuse_misread(content: bytes, path: str) -> None:
    """Refuse a TIFF of several channels of which OpenCV would give some, or other numbers.

    It takes the first of several grey bands of 8 or 16 bits, mixes up channels that are stored one
    after another if they have more than 8 bits, and multiplies 8-bit colours by their alpha.

    Raises:
        ValueError: If it is such a file.
    """
    pages = [page for page in tiff_pages(content) if not page.get(SUBFILE, 0)]
    page = pages[0] if pages else {}
    samples, bits = page.get(_SAMPLES, 1), page.get(_BITS, 1)
    if samples < 2:
        return
    colours = page.get(_PHOTOMETRIC) not in _GREY
    if page.get(_PLANES) == _SEPARATE and not (bits == 8 and colours):
        raise ValueError(
            f"{path}: its {samples} channels are stored one after another (planar configuration "
            "2), which is not read right; store them pixel by pixel (1), or as .npy"
        )
    if not colours and bits <= 16 and page.get(SAMPLE_FORMAT) != _FLOATS:
        raise ValueError(
            f"{path}: it has {samples} channels that are marked as grey, of which only the first "
            "is read; store three as RGB, one alone, or all as .npy"
        )
    straight = bits == 8 and samples == 4 and page.get(_EXTRA) == _STRAIGHT_ALPHA
    if straight and page.get(_PHOTOMETRIC) == _RGB:
        pixels = mmcv.imfrombytes(content, flag="unchanged", backend="cv2")
        if pixels is not None and pixels.ndim == 3 and (pixels[..., -1] != _OPAQUE).any():
            raise ValueError(
                f"{path}: its fourth channel is marked as transparency, by which the colours are "
                "multiplied when it is read; store three channels, or all as .npy"
            )


def refuse_shifted(content: bytes, path: str) -> None:
    """Refuse a TIFF of 10, 12 or 14 bits as a label: OpenCV makes its numbers fill 16 bits.

    Raises:
        ValueError: If it is such a file.
    """
    bits = next((page.get(_BITS, 1) for page in tiff_pages(content)[:1]), 8)
    if 8 < bits < 16:
        raise ValueError(
            f"{path}: it stores {bits} bits a number, which are multiplied when they are read; "
            "store 16 bits, or .npy"
        )
