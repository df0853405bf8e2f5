"""Writing predicted maps in the formats that the multi-task dataset reads."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from ...files import atomic_path, write_bytes

#: of files of predictions: images of integers, and arrays of all other numbers
ENDINGS = (".png", ".npy")


def write_image(image: np.ndarray, path: Path) -> None:
    """Write an 8- or 16-bit image losslessly in one atomic step.

    Args:
        image: Shape (H, W) or (H, W, 3) in RGB order, uint8 or uint16.
        path: File name that ends in ``.png``.

    Raises:
        OSError: If the file cannot be written.
    """
    if image.ndim == 3:
        image = image[..., ::-1]
    done, data = cv2.imencode(".png", np.ascontiguousarray(image))
    if not done:
        raise OSError(f"{path}: this map cannot be encoded as PNG")
    write_bytes(path, data.tobytes(), sync=False)


def write_classes(ids: np.ndarray, path: Path) -> None:
    """Write class ids as 8-bit image, as 16-bit where an id is above 255.

    Args:
        ids: Shape (H, W), integers from 0 on.
        path: File name that ends in ``.png``.
    """
    write_image(ids.astype(np.uint16 if ids.max(initial=0) > 255 else np.uint8), path)


def write_normals(normals: np.ndarray, path: Path) -> None:
    """Write unit vectors (H, W, 3) as 16-bit RGB image, ``p = (n + 1) * 32767.5``; NaN as 0."""
    steps = (np.nan_to_num(normals).clip(-1, 1) + 1) * 32767.5
    write_image(np.round(steps).astype(np.uint16), path)


def write_probability(share: np.ndarray, path: Path) -> None:
    """Write probabilities (H, W) as 8-bit image, 255 for 1; NaN as 0."""
    steps = np.nan_to_num(share.astype(np.float64)).clip(0, 1) * 255
    write_image(np.round(steps).astype(np.uint8), path)


def write_depth(depth: np.ndarray, path: Path, scale: float, remedy: str) -> None:
    """Write a depth map as 16-bit image: rounded, unknown as 0, too large as 65535 with a warning.

    Args:
        depth: Shape (H, W), in the map's unit.
        path: File name that ends in ``.png``.
        scale: Value of one step of the image.
        remedy: What to do if a depth does not fit, for the warning.

    Raises:
        OSError: If the file cannot be written.
    """
    steps = np.nan_to_num(depth.astype(np.float32) / scale, nan=0.0)
    if steps.max() > 65535:
        print_log(
            f"{path.with_suffix('')}: depth {np.nanmax(depth):.3g} does not fit into 16 bits in "
            f"steps of {scale:.6g}; {remedy}",
            logger="current",
            level=logging.WARNING,
        )
    write_image(np.clip(np.round(steps), 0, 65535).astype(np.uint16), path)


def write_array(array: np.ndarray, path: Path) -> None:
    """Write an array as ``.npy`` in one atomic step.

    Args:
        array: Any array.
        path: File name that ends in ``.npy``.
    """
    with atomic_path(path, sync=False) as temporary, open(temporary, "wb") as file:
        np.save(file, array)
