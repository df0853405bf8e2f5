"""The pinhole camera: intrinsics, pose, rays and the projection of world points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike

from .scene import Vector


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in a world whose third axis points up.

    The camera frame is x right, y down, z forward. Pixel ``(row, col)`` covers the unit square
    from ``(col, row)`` to ``(col + 1, row + 1)``, so its centre lies at ``(col + .5, row + .5)``
    and an image of width ``W`` is centred at ``cx = W / 2``.

    Args:
        fx: Focal length along x, in pixels.
        fy: Focal length along y, in pixels.
        cx: Principal point along x, in pixels.
        cy: Principal point along y, in pixels.
        position: Centre of projection in the world, shape (3,), metres.
        rotation: World to camera, shape (3, 3): rows are the world directions of
            the camera's x, y and z axes.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    position: np.ndarray
    rotation: np.ndarray

    @classmethod
    def look(
        cls,
        position: Vector,
        yaw: float,
        pitch: float,
        roll: float,
        fov: float,
        height: int,
        width: int,
    ) -> Camera:
        """Build a camera from angles.

        Args:
            position: Centre of projection, shape (3,), metres.
            yaw: Heading around the world's vertical axis, degrees, 0 along world x.
            pitch: Degrees above the horizon.
            roll: Degrees around the viewing direction.
            fov: Horizontal field of view, degrees.
            height: Image height in pixels.
            width: Image width in pixels.
        """
        yaw, pitch, roll = np.deg2rad([yaw, pitch, roll])
        forward = np.array(
            [np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)]
        )
        right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
        down = np.cross(forward, right)
        x = np.cos(roll) * right + np.sin(roll) * down
        y = np.cross(forward, x)
        focal = 0.5 * width / np.tan(0.5 * np.deg2rad(fov))
        return cls(
            focal,
            focal,
            0.5 * width,
            0.5 * height,
            np.asarray(position, dtype=np.float64),
            np.stack([x, y, forward]),
        )

    def zoom(self, factor: float) -> Camera:
        """The same camera with its focal lengths multiplied by ``factor``.

        Raises:
            ValueError: If ``factor`` is not positive.
        """
        if not factor > 0:
            raise ValueError(f"zoom factor must be positive, got {factor}")
        return replace(self, fx=self.fx * factor, fy=self.fy * factor)

    def rays(
        self, height: int, width: int, samples: int = 1, dtype: DTypeLike = np.float64
    ) -> np.ndarray:
        """World directions through the centres of a grid of ``samples`` x ``samples`` per pixel.

        A direction has length 1 along the camera's forward axis (it is not a unit vector), so a
        ray's parameter *is* the z-depth.

        Returns:
            Shape (3, height * samples, width * samples).
        """
        u = ((np.arange(width * samples) + 0.5) / samples - self.cx) / self.fx
        v = ((np.arange(height * samples) + 0.5) / samples - self.cy) / self.fy
        right, down, forward = (axis[:, None, None] for axis in self.rotation)
        rays = right * u[None, None, :] + down * v[None, :, None] + forward
        return np.ascontiguousarray(rays, dtype=dtype)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project world points.

        Args:
            points: Shape (N, 3).

        Returns:
            Shape (N, 3): column, row (pixels) and z-depth (metres).
        """
        x, y, z = self.rotation @ (points - self.position).T
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([self.fx * x / z + self.cx, self.fy * y / z + self.cy, z], axis=1)
