"""Converting arrays to images like those that the pipeline loads from files."""

from __future__ import annotations

import logging

import numpy as np
from mmengine.logging import print_log

from ..datasets.reading.white import unused_bits_sentence


def as_bgr(array: np.ndarray, name: str, channel_order: str = "bgr") -> np.ndarray:
    """An image of three channels and eight bits, as mmcv reads it from a file.

    Args:
        array: ``(H, W)`` or ``(H, W, 1)`` grey, ``(H, W, 3)`` or, with an alpha channel that is
            dropped, ``(H, W, 4)``. uint8; uint16, whose upper eight bits are used, as OpenCV does
            for 16-bit files; or floats in 0..255.
        name: Name of the array in messages.
        channel_order: ``'bgr'`` or ``'rgb'``, the order in the array.

    Returns:
        ``(H, W, 3)`` BGR, uint8, or float32 for floats.

    Raises:
        ValueError: If it is not an image.
    """
    array = np.asarray(array)  # subclasses, such as np.matrix, are indexed otherwise
    shape = array.shape
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        known = "an image is (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
        if array.ndim == 4:
            known += ", several are a list of such arrays"
        elif array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.size:
            known += ": array.transpose(1, 2, 0) puts the channels last"
        raise ValueError(f"{name} has shape {shape}; {known}")
    array = _eight_bits(array, name)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    array = array[..., :3]
    return np.ascontiguousarray(array if channel_order == "bgr" else array[..., ::-1])


def _eight_bits(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        if array.max() < 256 and array.min() != array.max():
            raise ValueError(
                f"{name} is of type uint16 and holds numbers in [{array.min()}, {array.max()}], "
                "of which the upper eight bits are all 0: array.astype(np.uint8) is the image"
            )
        doubt = unused_bits_sentence(int(array.max())) if array.any() else ""
        if doubt:
            print_log(f"{name}: {doubt}", "current", logging.WARNING)
        return (array >> 8).astype(np.uint8)
    if array.dtype.kind != "f":
        raise ValueError(
            f"{name} is of type {array.dtype}; an image is uint8, uint16, or floats in 0..255"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # negated, so that NaN fails as well
        raise ValueError(f"{name} holds numbers in [{low:g}, {high:g}]; an image's are in 0..255")
    if high <= 1 and low != high:
        raise ValueError(
            f"{name} holds floats in [{low:g}, {high:g}], which would be read as black; images are "
            "in 0..255: multiply it by 255"
        )
    return array.astype(np.float32)
