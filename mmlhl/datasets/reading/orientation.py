"""The orientation tag of an image file, and turning pixels by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .backends import backend_of
from .pillow import open_with_pillow
from .tiff import is_tiff

_TAG = 0x0112
#: function that turns stored pixels upright, by value of the tag; 1 is upright
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.swapaxes(np.rot90(pixels, 2), 0, 1),
    8: np.rot90,
}

#: options of mmcv's loader that ignore the orientation
_AS_STORED = ("unchanged", "color_ignore_orientation", "grayscale_ignore_orientation")
_NEVER_TURNS = ("turbojpeg", "tifffile")


def turns(loader: object) -> bool:
    """Whether a transform that reads images turns them by their orientation tags."""
    if backend_of(loader) in _NEVER_TURNS:
        return False
    return getattr(loader, "color_type", "color") not in _AS_STORED


def orientation_of(content: bytes) -> int:
    """The orientation tag of an encoded image.

    Args:
        content: An encoded image; JPEG, PNG, WebP and TIFF may have the EXIF tag.

    Returns:
        1 to 8; 1 (upright) without a tag.
    """
    noted = is_tiff(content) or any(
        mark in content[: 1 << 16] for mark in (b"Exif\0\0", b"eXIf", b"EXIF")
    )
    # WebP has it at the end of the file
    if not noted and not (content[:4] == b"RIFF" and b"EXIF" in content):
        return 1
    try:
        with open_with_pillow(content) as image:
            found = image.getexif().get(_TAG, 1)
    except Exception:  # each of Pillow's formats raises its own
        return 1
    return found if found in _TURNS else 1


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn pixels by their orientation tag, as image viewers do.

    Args:
        pixels: (H, W) or (H, W, K) as they are stored.
        orientation: See :func:`orientation_of`.

    Returns:
        The pixels; orientations 5 to 8 exchange height and width.
    """
    if orientation == 1:
        return pixels
    return np.ascontiguousarray(_TURNS[orientation](pixels))


def turned(pixels: np.ndarray, content: bytes, turn: bool) -> np.ndarray:
    """Decoded pixels of an image by its orientation tag, or as they are stored.

    Args:
        pixels: (H, W) or (H, W, K) as OpenCV, told to leave the tag alone, or Pillow gave them.
        content: The encoded image.
        turn: Whether to apply the tag.
    """
    if is_tiff(content):  # to which OpenCV and Pillow always apply it
        return pixels if turn else as_stored(pixels, content)
    return turn_upright(pixels, orientation_of(content)) if turn else pixels


def as_stored(pixels: np.ndarray, content: bytes) -> np.ndarray:
    """Undo the turn that OpenCV and Pillow always give a TIFF file by its orientation tag.

    Args:
        pixels: (H, W) or (H, W, K) as they were decoded.
        content: The encoded image; only TIFF is turned although nobody asked.

    Returns:
        The pixels as they are stored.
    """
    orientation = orientation_of(content) if is_tiff(content) else 1
    # a quarter turn is undone by the opposite one; the others undo themselves
    return turn_upright(pixels, {6: 8, 8: 6}.get(orientation, orientation))
