"""Reading pixels as stored: ids instead of the colours or grey levels that display them."""

from __future__ import annotations

import re

import cv2
import mmcv
import numpy as np

from .contents import JPEG, refuse_several
from .orientation import turned
from .pfm import decode_pfm, is_pfm
from .pillow import open_with_pillow
from .png import GREY, GREY_ALPHA, PALETTE, RGB, PngHeader, png_header
from .tiff_layout import refuse_misread, refuse_shifted

_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262
_NO_IMAGE = "expected an image, but it cannot be decoded"
_EXR = b"v/1\x01"
_NO_EXR = (
    "OpenCV reads OpenEXR, if at all, with the environment variable OPENCV_IO_ENABLE_OPENEXR=1; "
    "store it as .npy or PFM"
)
# PGM and PPM of text: width, height and greatest number, with comments between
_TEXT_HEADER = re.compile(rb"P[23]" + rb"(?:\s|#[^\n]*\n)+(\d+)" * 3)


def decode_image(content: bytes, path: str, turn: bool = True) -> np.ndarray:
    """Pixels as stored, without any conversion of palette, depth or order.

    Args:
        content: An encoded image.
        path: Its name, for messages.
        turn: Whether to apply an orientation tag.

    Returns:
        (H, W) or (H, W, K), mostly of 8 or 16 bits, channels in the file's order (RGB). For palette
        images the palette's indices, for images of 1, 2 or 4 bits the stored numbers 0..15.

    Raises:
        ValueError: If it is not an image, is cut off, contains several or has an unread layout.
    """
    refuse_several(content, path)
    refuse_misread(content, path)
    refuse_shifted(content, path)
    return turned(_decode(content, path), content, turn)


def _decode(content: bytes, path: str) -> np.ndarray:
    header = png_header(content)
    if header is not None:
        return _decode_png(content, header, path)
    if is_pfm(content):
        return decode_pfm(content, path)
    if content[:3] != JPEG:
        # OpenCV would expand palettes to colours and small bit depths to 0..255
        found = _decode_few_bits(content, path)
        if found is not None:
            return found
    return _in_file_order(_as_written(_decode_with_opencv(content, path), content))


def _decode_png(content: bytes, header: PngHeader, path: str) -> np.ndarray:
    if header.colour == PALETTE:
        return _decode_with_pillow(content, path)
    if header.colour == GREY and header.bits < 8:
        return _unstretched(_decode_with_pillow(content, path), header.bits)
    image = _decode_with_opencv(content, path)
    if image.ndim == 3 and image.shape[2] == 4:
        if header.colour == GREY_ALPHA:
            return np.ascontiguousarray(image[..., 2:])  # OpenCV repeats grey as B, G and R
        if header.colour == RGB:  # one colour is transparent, for which OpenCV adds a channel
            image = image[..., :3]
    return _in_file_order(image)


def _decode_few_bits(content: bytes, path: str) -> np.ndarray | None:
    """Decode TIFF, BMP, GIF etc. if they have a palette or less than 8 bits; otherwise None."""
    try:
        with open_with_pillow(content) as image:
            mode, tags = image.mode, getattr(image, "tag_v2", {})
            if image.format == "GIF":  # of which Pillow calls some grey, and OpenCV makes colours
                mode = "P"
            bits = tags.get(_TIFF_BITS, (8,))[0] if mode == "L" else 8
            inverted = tags.get(_TIFF_PHOTOMETRIC) == 0 or (mode == "1" and image.format == "PPM")
    except Exception:  # each of Pillow's formats raises its own
        return None
    if mode not in ("P", "1") and bits >= 8 and not (inverted and mode == "L"):
        return None
    found = _decode_with_pillow(content, path)
    if inverted:  # the file stores 0 for white, which Pillow returns as the greatest number
        found = (1 if mode == "1" else 255) - found
    return found if bits >= 8 else _unstretched(found, bits)


def _unstretched(grey: np.ndarray, bits: int) -> np.ndarray:
    """The stored numbers of a grey image that Pillow stretched to 0..255, or read as bool."""
    return grey if bits == 1 else grey // (255 // (2**bits - 1))


def _as_written(image: np.ndarray, content: bytes) -> np.ndarray:
    """The numbers of a text file whose greatest number OpenCV stretched to 255, rounding down."""
    header = _TEXT_HEADER.match(content)
    greatest = int(header[3]) if header else 255
    if greatest >= 255:
        return image
    return (-(-image.astype(np.int32) * greatest // 255)).astype(np.uint8)


def _decode_with_opencv(content: bytes, path: str) -> np.ndarray:
    try:
        image = mmcv.imfrombytes(content, flag="unchanged", backend="cv2")
    except cv2.error as error:  # an empty file, or OpenEXR, which is switched off
        if content[:4] != _EXR:
            raise ValueError(f"{path}: {_NO_IMAGE}: {error}") from None
        image = None
    if image is None:
        way = _NO_EXR if content[:4] == _EXR else "a 'reader' decodes other formats"
        raise ValueError(f"{path}: {_NO_IMAGE}; {way}")
    return image


def _in_file_order(image: np.ndarray) -> np.ndarray:
    if image.ndim == 3 and image.shape[2] in (3, 4):  # cv2.cvtColor takes no float64
        return np.concatenate([image[..., 2::-1], image[..., 3:]], axis=2)
    return image


def _decode_with_pillow(content: bytes, path: str) -> np.ndarray:
    try:
        with open_with_pillow(content) as image:
            found = np.array(image)
    except Exception as error:  # each of Pillow's formats raises its own
        raise ValueError(f"{path}: expected an image, but it cannot be decoded: {error}") from None
    return found.astype(np.uint8) if found.dtype == bool else found
