"""Colours of hit points: textures, lights with soft shadows, exposure and noise."""

from __future__ import annotations

import numpy as np

from . import textures
from .camera import Camera
from .intersect import intersect, surface
from .scene import Scene, Shape
from .spots import spot

_REACH = 0.9
"""Distance in metres up to which objects block ambient light."""


def shade(
    scene: Scene,
    camera: Camera,
    rays: np.ndarray,
    depth: np.ndarray,
    hit: np.ndarray,
    samples: int,
) -> np.ndarray:
    """Colour hit points and average them to pixels.

    Args:
        scene: Materials and lights.
        camera: The camera, from which the rays start.
        rays: Directions, shape (3, H * samples, W * samples).
        depth: Ray parameter of the hit, shape (H * samples, W * samples).
        hit: Index of the shape that was hit, likewise.
        samples: Rays per pixel along each side.

    Returns:
        RGB, uint8, shape (H, W, 3).
    """
    rng = np.random.default_rng(scene.seed)
    rays = rays.reshape(3, -1)
    points = camera.position.astype(np.float32)[:, None] + rays * depth.ravel()
    normal, albedo, gloss, glow = _surfaces(scene, points, hit.ravel())
    view = -rays / np.linalg.norm(rays, axis=0)
    # slightly off the surface, so that it does not shadow itself
    lifted = points + 2e-3 * normal
    blockers = [shape for shape in scene.shapes if shape.opaque]

    open_sky = _openness(scene, lifted, normal, blockers, hit, rng)
    light = scene.ambient.astype(np.float32)[:, None] * open_sky
    shine = np.zeros_like(light)
    for lamp in scene.lights:
        way = lamp.position.astype(np.float32)[:, None] - lifted
        distance = np.linalg.norm(way, axis=0)
        facing = (normal * way).sum(axis=0) / distance
        lit = np.flatnonzero(facing > 0)
        seen = np.zeros(points.shape[1], dtype=np.float32)
        # each ray goes to another point of the lamp, which makes shadows soft
        jitter = rng.normal(0, lamp.radius, (3, len(lit))).astype(np.float32)
        seen[lit] = ~_blocked(lifted[:, lit], way[:, lit] + jitter, blockers)
        seen = _calm(seen, hit, 2)
        power = lamp.power.astype(np.float32)[:, None] * seen / (1.0 + distance**2)
        light += power * facing.clip(0)
        half = view + way / distance
        half /= np.linalg.norm(half, axis=0)
        shine += power * gloss * (normal * half).sum(axis=0).clip(0) ** 40
    radiance = albedo * (light + glow) + 0.6 * shine
    # glossy surfaces reflect more of the bright surroundings at grazing angles
    graze = (1 - (normal * view).sum(axis=0).clip(0, 1)) ** 4
    radiance += 0.5 * gloss * graze * scene.ambient.astype(np.float32)[:, None]
    return _develop(scene, radiance.reshape(3, *hit.shape), samples, rng)


def _surfaces(
    scene: Scene, points: np.ndarray, hit: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    normal = np.empty_like(points)
    albedo = np.empty_like(points)
    gloss = np.empty(points.shape[1], dtype=np.float32)
    glow = np.empty_like(gloss)
    order = np.argsort(hit, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(hit[order])) + 1):
        shape = scene.shapes[hit[part[0]]]
        normal[:, part], local, axis = surface(shape, points[:, part])
        where = spot(shape, local, axis)
        # colours are defined in display values; their squares are about linear in light
        albedo[:, part] = textures.colour(shape.material, where) ** 2
        gloss[part] = shape.material.gloss
        glow[part] = shape.material.glow
    return normal, albedo, gloss, glow


def _openness(
    scene: Scene,
    points: np.ndarray,
    normal: np.ndarray,
    blockers: list[Shape],
    hit: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Share of ambient light at each point, by one random ray and the distance to the walls."""
    probe = rng.normal(size=points.shape).astype(np.float32)
    probe = normal + 0.9 * probe / np.linalg.norm(probe, axis=0)
    probe *= _REACH / np.linalg.norm(probe, axis=0)
    blocked = _blocked(points, probe, blockers).astype(np.float32)
    seen = 1.0 - 0.75 * _calm(blocked, hit, 4)
    size = scene.size.astype(np.float32)[:, None]
    for distance in (points, size - points):
        # a wall does not darken itself, so points that face along this axis are excluded
        near = np.exp(-distance.clip(0) / 0.3) * (np.abs(normal) < 0.7)
        seen *= (1 - 0.3 * near).prod(axis=0)
    return seen * (0.85 + 0.15 * normal[2])


def _calm(values: np.ndarray, hit: np.ndarray, radius: int) -> np.ndarray:
    """Average noisy values over near samples of the same shape, along rows and columns."""
    values = values.reshape(hit.shape)
    for axis in (0, 1):
        total, count = values.copy(), np.ones_like(values)
        for step in range(1, radius + 1):
            whole = (slice(None),) * axis
            here, there = (*whole, slice(step, None)), (*whole, slice(None, -step))
            same = hit[here] == hit[there]
            total[here] += same * values[there]
            total[there] += same * values[here]
            count[here] += same
            count[there] += same
        values = total / count
    return values.ravel()


def _blocked(points: np.ndarray, way: np.ndarray, blockers: list[Shape]) -> np.ndarray:
    """Whether something opaque is between ``points`` and ``points + way``, shape (N,)."""
    blocked = np.zeros(points.shape[1], dtype=bool)
    low = np.minimum(points, points + way)
    high = np.maximum(points, points + way)
    box_low, box_high = low.min(axis=1), high.max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for shape in blockers:
            reach = np.abs(shape.rotation) @ shape.half
            a, b = shape.centre - reach, shape.centre + reach
            if (a > box_high).any() or (b < box_low).any():
                continue
            near = (low[2] < b[2]) & (high[2] > a[2])
            near &= (low[0] < b[0]) & (high[0] > a[0])
            near &= (low[1] < b[1]) & (high[1] > a[1]) & ~blocked
            index = np.flatnonzero(near)
            if len(index):
                blocked[index] = intersect(shape, points[:, index], way[:, index]) < 1.0
    return blocked


def _develop(
    scene: Scene, radiance: np.ndarray, samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Average the samples, apply the exposure, and add vignetting and sensor noise."""
    _, height, width = radiance.shape
    height, width = height // samples, width // samples
    # clip before averaging, so that edges of lamps are antialiased like others
    level = scene.exposure**2 / max(float(np.median(radiance)) * 1.15, 1e-4)
    radiance = (radiance * level * scene.tint.astype(np.float32)[:, None, None]).clip(0, 1)
    radiance = radiance.reshape(3, height, samples, width, samples).mean(axis=(2, 4))
    y = np.linspace(-1, 1, height)[:, None]
    x = np.linspace(-1, 1, width)[None, :]
    image = np.sqrt(radiance) * (1 - 0.07 * (x * x + y * y))
    image = 255 * image.transpose(1, 2, 0) + rng.normal(0, scene.noise, (height, width, 3))
    return (image + 0.5).clip(0, 255).astype(np.uint8)
