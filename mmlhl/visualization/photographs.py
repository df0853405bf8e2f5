"""The image of a sample as it is shown."""

from __future__ import annotations

import numpy as np


def as_shown(image: np.ndarray) -> np.ndarray:
    """An image as a pipeline reads it, for a picture.

    Args:
        image: ``(H, W, 3)`` BGR, or ``(H, W)`` or ``(H, W, 1)`` grey, in 0..255, of any type. One
            with negative numbers was normalised by its pipeline: its range becomes 0..255.

    Returns:
        ``(H, W, 3)`` uint8, RGB.
    """
    if image.ndim == 2:
        image = image[..., None]
    if image.dtype.kind == "f" and image.size and np.nanmin(image) < 0:
        low, high = np.nanmin(image), np.nanmax(image)
        image = (image - low) * (255 / max(high - low, 1e-6))
    eight = np.clip(np.round(image), 0, 255).astype(np.uint8)
    if eight.shape[2] == 1:
        return np.repeat(eight, 3, axis=2)
    return np.ascontiguousarray(eight[..., ::-1])
