"""Cityscapes: from disparity to depth."""

from __future__ import annotations

import json

import numpy as np

from .. import config_values
from .reading import read_bytes


class DisparityToMetres:
    """Converts disparity to depth = baseline * fx / disparity, by each frame's camera file.

    Args:
        max_depth: Greatest depth in metres. Beyond it disparities are fractions of a pixel and
            unreliable, so such pixels count as unmeasured.
        backend_args: Arguments of mmengine's file backend.

    Raises:
        ValueError: If ``max_depth`` is not above 0.
    """

    def __init__(self, max_depth: float, backend_args: dict | None = None) -> None:
        self.max_depth = config_values.number(max_depth, "max_depth")
        if not self.max_depth > 0:
            raise ValueError(f"max_depth is {max_depth!r}; it must be above 0, in metres")
        self.backend_args = backend_args

    def __call__(self, disparity: np.ndarray, results: dict) -> np.ndarray:
        """Convert a disparity map.

        Args:
            disparity: (H, W) float32 pixels, NaN where unmeasured.
            results: Pipeline results with ``camera_path``.

        Returns:
            (H, W) float32 metres.

        Raises:
            FileNotFoundError: If the camera file is missing.
            ValueError: If it is not a JSON file with a positive baseline and focal length.
        """
        path = results["camera_path"]
        content = read_bytes(path, "camera file for depth in metres", self.backend_args)
        try:
            camera = json.loads(content)
            lengths = float(camera["extrinsic"]["baseline"]), float(camera["intrinsic"]["fx"])
            if not min(lengths) > 0:
                raise ValueError("they are not positive")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path}: expected a camera file with positive extrinsic.baseline and "
                f"intrinsic.fx ({error})"
            ) from None
        depth = np.float32(lengths[0] * lengths[1]) / disparity
        depth[depth > self.max_depth] = np.nan
        return depth
