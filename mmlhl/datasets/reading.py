"""Reading images and arrays through mmengine's file backends."""

from __future__ import annotations

import io
import os.path as osp
import struct
from collections.abc import Callable
from functools import lru_cache

import cv2
import mmcv
import mmengine.fileio as fileio
import numpy as np
from PIL import Image

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH, _PNG_COLOUR = 24, 25  # bytes of the IHDR chunk
_GREY = 0


def read_bytes(path: str, what: str, backend_args: dict | None = None) -> bytes:
    """Read a file.

    Args:
        path: The file.
        what: What it is for, e.g. ``"annotation 'depth'"``, for the message.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        Its content.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    try:
        return fileio.get(path, backend_args=backend_args)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file, expected as {what}") from None


def _header_size(content: bytes) -> int:
    """Bytes before the numbers: magic, version, length of the description, description."""
    if content[6] == 1:
        return 10 + struct.unpack_from("<H", content, 8)[0]
    return 12 + struct.unpack_from("<I", content, 8)[0]


@lru_cache(maxsize=256)
def _parse_header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type. The files of a set share a few headers, and parsing one takes long."""
    stream = io.BytesIO(header)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        parsed = np.lib.format.read_array_header_1_0(stream)
    else:
        parsed = np.lib.format.read_array_header_2_0(stream)
    if parsed[2].hasobject:
        raise ValueError("it holds Python objects")
    return parsed


def decode_npy(content: bytes, path: str) -> np.ndarray:
    """Array of a ``.npy`` file, without copying it.

    Args:
        content: The file.
        path: Its name, for messages.

    Returns:
        A read-only array.

    Raises:
        ValueError: If the file is cut off, no array or an array of Python objects.
    """
    try:
        size = _header_size(content)
        shape, fortran, dtype = _parse_header(content[:size])
        flat = np.frombuffer(content, dtype, int(np.prod(shape)), size)
    except (ValueError, IndexError, struct.error) as error:
        raise ValueError(
            f"{path}: expected a .npy file with an array of numbers: {error}"
        ) from None
    return flat.reshape(shape, order="F" if fortran else "C")


def decode_image(content: bytes, path: str) -> np.ndarray:
    """Pixels as stored, without any conversion of palette, depth or order.

    Args:
        content: An encoded image.
        path: Its name, for messages.

    Returns:
        (H, W) or (H, W, K), 8 or 16 bits, channels in the file's order (RGB); for palette images
        the palette's indices.

    Raises:
        ValueError: If it is no image.
    """
    if content[:8] == _PNG and (content[_PNG_COLOUR] != _GREY or content[_PNG_DEPTH] < 8):
        # OpenCV would expand palettes to colours and small bit depths to 0..255
        if content[_PNG_DEPTH] <= 8:
            return _decode_with_pillow(content, path)
    image = mmcv.imfrombytes(content, flag="unchanged", backend="cv2")
    if image is None:
        raise ValueError(f"{path}: expected an image, but it cannot be decoded")
    if image.ndim == 3 and image.shape[2] == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    if image.ndim == 3 and image.shape[2] == 4:
        return cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
    return image


def _decode_with_pillow(content: bytes, path: str) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.array(image)
    except OSError as error:
        raise ValueError(f"{path}: expected an image, but it cannot be decoded: {error}") from None


def read_raw(
    path: str,
    what: str,
    backend_args: dict | None = None,
    reader: Callable[[bytes, str], np.ndarray] | None = None,
) -> np.ndarray:
    """Numbers of an image or ``.npy`` file as stored.

    Args:
        path: The file.
        what: What it is for, for messages.
        backend_args: Arguments of mmengine's file backend.
        reader: Decodes the content of other kinds of files, given the content and the path.

    Returns:
        (H, W) or (H, W, K), see :func:`decode_image` and :func:`decode_npy`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be decoded.
    """
    content = read_bytes(path, what, backend_args)
    if reader is not None:
        return reader(content, path)
    if osp.splitext(path)[1].lower() == ".npy":
        return decode_npy(content, path)
    return decode_image(content, path)
