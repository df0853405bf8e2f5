"""Writing predicted maps in the formats that the multi-task dataset reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ...files import atomic_path, write_bytes


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


def write_array(array: np.ndarray, path: Path) -> None:
    """Write an array as ``.npy`` in one atomic step.

    Args:
        array: Any array.
        path: File name that ends in ``.npy``.
    """
    with atomic_path(path, sync=False) as temporary, open(temporary, "wb") as file:
        np.save(file, array)
