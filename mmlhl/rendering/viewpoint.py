"""Choosing a viewpoint."""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .renderer import render_labels
from .scene import Scene, Seed, Shape


def sample_camera(scene: Scene, seed: Seed, height: int, width: int, tries: int = 10) -> Camera:
    """Sample a camera in free space with a varied view of the room.

    Args:
        scene: The room.
        seed: Seed of ``np.random.default_rng``.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        tries: Number of candidates, of which the best is chosen.

    Returns:
        A camera outside of all objects, roughly level, looking into the room.
    """
    rng = np.random.default_rng(seed)
    best: Camera | None = None
    best_score = -np.inf
    while tries > 0 or best is None:
        tries -= 1
        camera = _candidate(rng, scene, height, width)
        if any(_inside(shape, camera.position) for shape in scene.shapes):
            continue
        small = Camera(
            camera.fx * 24 / width,
            camera.fy * 18 / height,
            12,
            9,
            camera.position,
            camera.rotation,
        )
        seen = render_labels(scene, small, 18, 24)
        counts = np.bincount(seen["label"].ravel(), minlength=13)
        near = float(np.quantile(seen["depth"], 0.03))
        score = (counts > 4).sum() - 5.0 * counts.max() / counts.sum() - 8.0 * (near < 0.6)
        if score > best_score:
            best, best_score = camera, score
        if score > 4.5:
            break
    assert best is not None  # the loop does not end before
    return best


def _candidate(rng: np.random.Generator, scene: Scene, height: int, width: int) -> Camera:
    room = scene.size
    position = np.array([*(rng.beta(0.5, 0.5, 2) * (room[:2] - 0.7) + 0.35), 0])
    position[2] = rng.uniform(1.0, min(1.9, room[2] - 0.4))
    target = room[:2] * rng.uniform(0.25, 0.75, 2)
    way = target - position[:2]
    yaw = np.rad2deg(np.arctan2(way[1], way[0])) + rng.normal(0, 8)
    pitch = rng.normal(-9, 8)
    return Camera.look(position, yaw, pitch, rng.normal(0, 2.5), rng.uniform(52, 82), height, width)


def _inside(shape: Shape, point: np.ndarray) -> bool:
    local = shape.rotation.T @ (point - shape.centre) / (shape.half + 0.12)
    return bool((np.abs(local) < 1).all())
