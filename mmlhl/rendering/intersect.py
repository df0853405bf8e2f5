"""Intersections of rays and shapes in closed form, vectorised over rays."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from .scene import Shape


def to_local(shape: Shape, dtype: DTypeLike = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (3, 3) and offset (3, 1) that map world points into the shape's unit frame.

    In that frame a box is the cube from -1 to 1, an ellipsoid the unit sphere and a cylinder
    has height from -1 to 1 and radius 1 at the bottom.
    """
    matrix = (shape.rotation / shape.half).T
    return matrix.astype(dtype), (-matrix @ shape.centre)[:, None].astype(dtype)


def intersect(shape: Shape, origins: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """First entry of each ray into a shape.

    Args:
        shape: The shape.
        origins: World points, shape (3, N) or (3, 1).
        rays: World directions of any length, shape (3, N).

    Returns:
        Ray parameters, shape (N,); infinite where the ray misses the shape or
        starts inside of it.
    """
    matrix, offset = to_local(shape, rays.dtype)
    return _KINDS[shape.kind](shape, matrix @ origins + offset, matrix @ rays)


def _box(shape: Shape, o: np.ndarray, d: np.ndarray) -> np.ndarray:
    # a ray exactly along a face would give infinity minus infinity
    inverse = 1.0 / np.where(d == 0, d.dtype.type(1e-12), d)
    middle = -o * inverse
    reach = np.abs(inverse)
    enter = (middle - reach).max(axis=0)
    leave = (middle + reach).min(axis=0)
    return np.where((enter <= leave) & (enter > 0), enter, np.inf)


def _ellipsoid(shape: Shape, o: np.ndarray, d: np.ndarray) -> np.ndarray:
    a = np.einsum("ij,ij->j", d, d)
    b = (o * d).sum(axis=0)
    c = (o * o).sum(axis=0) - 1.0
    t = (-b - np.sqrt(b * b - a * c)) / a
    # a root of a negative number is nan, which compares false
    return np.where(t > 0, t, np.inf)


def _cylinder(shape: Shape, o: np.ndarray, d: np.ndarray) -> np.ndarray:
    # side: x^2 + y^2 = (m + k z)^2, a circle of radius 1 at z = -1 and of radius taper at z = 1
    m, k = 0.5 * (shape.taper + 1.0), 0.5 * (shape.taper - 1.0)
    base = m + k * o[2]
    a = d[0] ** 2 + d[1] ** 2 - (k * d[2]) ** 2
    b = o[0] * d[0] + o[1] * d[1] - k * d[2] * base
    c = o[0] ** 2 + o[1] ** 2 - base**2
    root = np.sqrt(b * b - a * c)
    best = np.full(d.shape[1], np.inf, dtype=d.dtype)
    for t in ((-b - root) / a, (-b + root) / a):
        hit = (t > 0) & (np.abs(o[2] + t * d[2]) <= 1.0) & (t < best)
        best = np.where(hit, t, best)
    for z, radius in ((-1.0, 1.0), (1.0, shape.taper)):
        t = (z - o[2]) / d[2]
        inside = (o[0] + t * d[0]) ** 2 + (o[1] + t * d[1]) ** 2 <= radius**2
        best = np.where((t > 0) & inside & (t < best), t, best)
    # if the ray starts inside, the first hit is an exit
    outside = (np.abs(o[2]) > 1.0) | (c > 0)
    return np.where(outside, best, np.inf)


_KINDS = {"box": _box, "ellipsoid": _ellipsoid, "cylinder": _cylinder}


def surface(shape: Shape, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outward normals and local coordinates of surface points.

    Args:
        shape: The shape.
        points: World points on its surface, shape (3, N).

    Returns:
        World unit normals (3, N); points in the unit frame (3, N); number of the local
        axis that a point's face is perpendicular to (N,), -1 on curved sides.
    """
    matrix, offset = to_local(shape, points.dtype)
    local = matrix @ points + offset
    if shape.kind == "box":
        axis = np.abs(local).argmax(axis=0)
        normal = np.zeros_like(local)
        columns = np.arange(local.shape[1])
        normal[axis, columns] = np.sign(local[axis, columns])
    elif shape.kind == "ellipsoid":
        axis = np.full(local.shape[1], -1)
        normal = local.copy()
    else:
        m, k = 0.5 * (shape.taper + 1.0), 0.5 * (shape.taper - 1.0)
        radius = m + k * local[2]
        # on the side x^2 + y^2 = radius^2; on a cap |z| = 1; the smaller residue decides
        side = np.abs(np.hypot(local[0], local[1]) - radius)
        cap = np.abs(1.0 - np.abs(local[2])) < side
        axis = np.where(cap, 2, -1)
        normal = np.stack([local[0], local[1], -k * radius])
        normal[:, cap] = 0.0
        normal[2, cap] = np.sign(local[2, cap])
    normal = matrix.T @ normal
    normal /= np.linalg.norm(normal, axis=0)
    return normal, local, axis
