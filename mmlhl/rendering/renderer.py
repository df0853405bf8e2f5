"""Rendering a scene: exact labels at pixel centres, and an antialiased, shaded image."""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .intersect import intersect, surface
from .scene import Scene, Shape
from .shading import shade

SAMPLES = 2
"""Number of rays per pixel of the image, along each side."""


def render(scene: Scene, camera: Camera, height: int, width: int) -> dict[str, np.ndarray]:
    """Render a scene with complete labels; ``holes.add_holes`` adds realistic holes.

    The labels come from one ray through each pixel's centre. Depth is the z coordinate in the
    camera frame, not the length of the ray; normals are in the camera frame (x right, y down,
    z forward) and face the camera.

    Args:
        scene: The scene.
        camera: The camera.
        height: Image height in pixels.
        width: Image width in pixels.

    Returns:
        ``image`` uint8 (height, width, 3) RGB; ``label`` uint8 (height, width); ``depth``
        float32 (height, width) in metres; ``normal`` float32 (height, width, 3); ``item`` int32
        (height, width), the number of the piece that a pixel shows; ``gloss`` float32
        (height, width), how strongly its surface mirrors.

    Raises:
        ValueError: If a ray leaves the room, because the camera is outside of it.
    """
    geometry = render_labels(scene, camera, height, width)
    rays = camera.rays(height, width, SAMPLES, np.float32)
    depth, hit = trace(scene.shapes, camera, rays, SAMPLES)
    geometry["image"] = shade(scene, camera, rays, depth, hit, SAMPLES)
    return geometry


def render_labels(scene: Scene, camera: Camera, height: int, width: int) -> dict[str, np.ndarray]:
    """The result of ``render`` without the image, which takes most of the time.

    Args:
        scene: The scene.
        camera: The camera.
        height: Height in pixels.
        width: Width in pixels.

    Raises:
        ValueError: If a ray leaves the room.
    """
    rays = camera.rays(height, width)
    depth, hit = trace(scene.shapes, camera, rays)
    if not np.isfinite(depth).all():
        raise ValueError(f"the camera at {camera.position} sees out of the room {scene.size}")
    points = camera.position[:, None] + (rays * depth).reshape(3, -1)
    normal = np.empty_like(points)
    flat = hit.ravel()
    for index in np.unique(flat):
        mask = flat == index
        normal[:, mask] = surface(scene.shapes[index], points[:, mask])[0]
    normal = (camera.rotation @ normal).T.reshape(height, width, 3)
    labels = np.array([shape.label for shape in scene.shapes], dtype=np.uint8)
    items = np.array([shape.item for shape in scene.shapes], dtype=np.int32)
    gloss = np.array([shape.material.gloss for shape in scene.shapes], dtype=np.float32)
    return {
        "label": labels[hit],
        "depth": depth.astype(np.float32),
        "normal": normal.astype(np.float32),
        "item": items[hit],
        "gloss": gloss[hit],
    }


def trace(
    shapes: list[Shape], camera: Camera, rays: np.ndarray, samples: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Nearest shape along each ray of a camera.

    Args:
        shapes: The shapes.
        camera: The camera, from which the rays start.
        rays: Result of ``camera.rays``, shape (3, H, W).
        samples: The ``samples`` of that call.

    Returns:
        Z-depth (H, W), infinite where nothing is hit; index of the shape (H, W).
    """
    _, height, width = rays.shape
    depth = np.full((height, width), np.inf, dtype=rays.dtype)
    hit = np.zeros((height, width), dtype=np.int64)
    origin = camera.position.astype(rays.dtype)[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        windows = _windows(shapes, camera, height, width, samples)
        for index, (shape, window) in enumerate(zip(shapes, windows, strict=True)):
            if window is None:
                continue
            part = rays[(slice(None), *window)]
            t = intersect(shape, origin, part.reshape(3, -1)).reshape(part.shape[1:])
            closer = t < depth[window]
            depth[window][closer] = t[closer]
            hit[window][closer] = index
    return depth, hit


def _windows(
    shapes: list[Shape], camera: Camera, height: int, width: int, samples: int
) -> list[tuple[slice, slice] | None]:
    """Rows and columns that each shape can cover; None if it is out of sight."""
    corners = np.concatenate([shape.corners() for shape in shapes])
    column, row, depth = camera.project(corners).T.reshape(3, len(shapes), 8)
    ahead = depth > 1e-6
    # one sample of margin on each side, against rounding
    box = np.stack(
        [
            np.clip(np.floor(row.min(axis=1) * samples) - 1, 0, height),
            np.clip(np.ceil(row.max(axis=1) * samples) + 1, 0, height),
            np.clip(np.floor(column.min(axis=1) * samples) - 1, 0, width),
            np.clip(np.ceil(column.max(axis=1) * samples) + 1, 0, width),
        ],
        axis=1,
    )
    # a shape that reaches behind the camera can be anywhere in the image
    box[~ahead.all(axis=1)] = (0, height, 0, width)
    box[~ahead.any(axis=1)] = 0
    return [
        (slice(top, bottom), slice(left, right)) if top < bottom and left < right else None
        for top, bottom, left, right in box.astype(int).tolist()
    ]
