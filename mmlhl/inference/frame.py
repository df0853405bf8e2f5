"""One image to predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One image to predict.

    Args:
        name: Name of its results: a relative path without a suffix.
        path: The image's file; None for an array or a frame of a video.
        image: ``(H, W, 3)`` uint8 BGR; None for a file, which the pipeline reads.
    """

    name: str
    path: str | None = None
    image: np.ndarray | None = None
