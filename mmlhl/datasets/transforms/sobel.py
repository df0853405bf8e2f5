"""Edges of the image as an annotation without files."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

_GREATEST = 4.0 * 2**0.5 * 255.0
"""Bound of the magnitude of 3x3 Sobel responses on 8-bit images: 4 * 255 in each direction."""


@TRANSFORMS.register_module()
class SobelEdges(BaseTransform):
    """Sobel magnitude of the grey image, a one-channel regression target.

    Like Taskonomy's ``edge_texture``. Usable as ``source`` of an annotation, which is computed
    right after loading, or as a transform in a pipeline. There it must come before photometric
    transforms, which change the edges.

    With grey values g in 0..255 and the 3x3 kernels S_x, S_y, the map is
    ``gain * sqrt((S_x * g)^2 + (S_y * g)^2) / (4 sqrt(2) 255)``, clipped to [0, 1]. Borders are
    mirrored, so that the frame of the image is no edge.

    Args:
        field: Field of the data sample that the transform writes.
        gain: Contrast. Photographs rarely reach half of the bound, so 2 uses the range [0, 1] and
            clips hardly anything.

    Raises:
        ValueError: If ``gain`` is not positive.
    """

    def __init__(self, field: str = "edge_map", gain: float = 2.0) -> None:
        if gain <= 0:
            raise ValueError(f"gain of SobelEdges is {gain}; it must be positive")
        self.field = field
        self.gain = gain

    def edges(self, img: np.ndarray) -> np.ndarray:
        """Edge map of an image.

        Args:
            img: (H, W, 3) BGR or (H, W) grey in 0..255.

        Returns:
            (H, W) float32 in [0, 1].
        """
        grey = img if img.ndim == 2 else cv2.cvtColor(img, cv2.COLOR_BGR2GRAY)
        grey = grey.astype(np.float32)
        across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REFLECT_101)
        down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REFLECT_101)
        return np.minimum(cv2.magnitude(across, down) * (self.gain / _GREATEST), 1.0)

    def transform(self, results: dict) -> dict:
        """Add the edge map to the results."""
        key = f"gt_{self.field}"
        results[key] = self.edges(results["img"])
        results.setdefault("dense_fields", {})[key] = "channels"
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(field={self.field!r}, gain={self.gain})"
