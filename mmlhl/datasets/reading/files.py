"""Reading the numbers stored in a file."""

from __future__ import annotations

import os.path as osp
from collections.abc import Callable

import mmengine.fileio as fileio
import numpy as np

from ...files import refuse_special
from .arrays import ARRAY_SUFFIXES, decode_npy, decode_npz
from .contents import is_lossy, refuse_placeholder
from .images import decode_image
from .orientation import orientation_of
from .shown_colours import decode_colours
from .shown_greys import ShownGreys, shown_greys


def read_bytes(path: str, what: str, backend_args: dict | None = None) -> bytes:
    """Read a file.

    Args:
        path: The file.
        what: What it is for, e.g. ``"annotation 'depth'"``, for the message.
        backend_args: Arguments of mmengine's file backend.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a pipe or a device.
    """
    if "://" not in path:
        refuse_special(path)
    try:
        return fileio.get(path, backend_args=backend_args)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file, needed as {what}") from None


def is_array(path: str) -> bool:
    """Whether a file holds an array rather than an image.

    Returns:
        True for ``.npy`` and ``.npz`` in lower or upper case.
    """
    return osp.splitext(str(path))[1].lower() in ARRAY_SUFFIXES


def read_raw(
    path: str,
    what: str,
    backend_args: dict | None = None,
    reader: Callable[[bytes, str], np.ndarray] | None = None,
    exact: bool = False,
    upright: bool = False,
    turn: bool = True,
    choose: Callable[[np.ndarray, ShownGreys], np.ndarray] | None = None,
    colours: bool = False,
) -> np.ndarray:
    """Numbers of an image, ``.npy`` or ``.npz`` file as stored.

    Args:
        path: The file.
        what: What it is for, for messages.
        backend_args: Arguments of mmengine's file backend.
        reader: Decodes the content of other kinds of files, given the content and the path.
        exact: Whether numbers must be exact, as for class ids: images with lossy compression are
            refused.
        upright: Whether numbers are directions in the image, as for normals: images with an
            orientation tag are refused, since it turns pixels but not their values.
        turn: Whether to apply an orientation tag, as for the image.
        choose: Chooses between the numbers and the greys of an image that shows numbers as others.
        colours: Whether the colours that an image shows are meant, not its numbers.

    Returns:
        (H, W) or (H, W, K), see :func:`decode_image`, :func:`decode_colours`, :func:`decode_npy`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be decoded.
    """
    content = read_bytes(path, what, backend_args)
    if reader is not None:
        return reader(content, path)
    refuse_placeholder(content, path)
    if is_array(path):
        return (decode_npz if path.lower().endswith(".npz") else decode_npy)(content, path)
    if exact and is_lossy(content):
        raise ValueError(
            f"{path}: JPEG and other lossy compression change the numbers of the {what}; store it "
            "as PNG or .npy"
        )
    if upright and turn and orientation_of(content) != 1:
        raise ValueError(
            f"{path}: its orientation tag ({orientation_of(content)}) turns the pixels of the "
            f"{what}, but not the directions that they hold; turn both and store it without the tag"
        )
    if colours:
        return decode_colours(content, path, turn)
    pixels = decode_image(content, path, turn)
    greys = shown_greys(content) if choose is not None else None
    return pixels if greys is None or choose is None else choose(pixels, greys)
