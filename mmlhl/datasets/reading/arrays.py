"""Arrays of numbers in ``.npy`` and ``.npz`` files."""

from __future__ import annotations

import io
import math
import struct
import zipfile
from functools import lru_cache
from tokenize import TokenError

import numpy as np

ARRAY_SUFFIXES = (".npy", ".npz")
#: numpy's kinds of bool and number types
_NUMBERS = "biuf"
#: size of an unpacked array, far beyond any label
_MOST_BYTES = 2**31


def _header_size(content: bytes) -> int:
    """Size of a ``.npy`` header in bytes: magic, version, length of the text, text."""
    if content[6] == 1:
        return 10 + struct.unpack_from("<H", content, 8)[0]
    return 12 + struct.unpack_from("<I", content, 8)[0]


@lru_cache(maxsize=256)
def _parse_header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type. Cached: parsing is slow, and a dataset's files share few headers."""
    stream = io.BytesIO(header)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        parsed = np.lib.format.read_array_header_1_0(stream)
    else:
        parsed = np.lib.format.read_array_header_2_0(stream)
    shape, _, dtype = parsed
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if dtype.kind not in _NUMBERS:
        raise ValueError(f"it holds {dtype}")
    if any(length < 0 for length in shape):
        raise ValueError(f"its shape is {shape}")
    return parsed


def decode_npy(content: bytes, path: str) -> np.ndarray:
    """Array of a ``.npy`` file, without copying it.

    Returns:
        A read-only array.

    Raises:
        ValueError: If the file is truncated, not an array, or an array of Python objects.
    """
    try:
        size = _header_size(content)
        shape, fortran, dtype = _parse_header(content[:size])
        flat = np.frombuffer(content, dtype, math.prod(shape), size)
        if more := len(content) - size - flat.nbytes:
            raise ValueError(f"{more} bytes follow the array, perhaps another one")
    except (ValueError, IndexError, OverflowError, TokenError, struct.error) as error:
        raise ValueError(
            f"{path}: expected a .npy file with an array of numbers: {error}"
        ) from None
    return flat.reshape(shape, order="F" if fortran else "C")


def decode_npz(content: bytes, path: str) -> np.ndarray:
    """The one array of a ``.npz`` file.

    Raises:
        ValueError: If the file is truncated, or holds several arrays or Python objects.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.namelist()
            if any(info.file_size > _MOST_BYTES for info in archive.infolist()):
                raise ValueError(f"it would unpack to more than {_MOST_BYTES} bytes")
            inner = archive.read(members[0]) if len(members) == 1 else b""
    except Exception as error:  # each of zip's methods raises its own; encryption RuntimeError
        raise ValueError(f"{path}: expected a .npz file with one array: {error}") from None
    if len(members) != 1:
        raise ValueError(f"{path}: expected a .npz file with one array, got {members}")
    return decode_npy(inner, path)
