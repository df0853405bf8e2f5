"""Coordinates of points on the surface of a shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .scene import Shape


@dataclass(frozen=True)
class Spot:
    """Points on one shape.

    Args:
        u: Metres along the surface, horizontally on sides, shape (N,).
        v: Metres along the surface, upwards on sides, shape (N,).
        s: ``u`` from -1 to 1 over the face, shape (N,).
        t: ``v`` from -1 to 1 over the face, shape (N,).
        front: Whether the point is on a face perpendicular to the local y axis, bool (N,).
        half: Half extents of the shape, shape (3,), metres.
    """

    u: np.ndarray
    v: np.ndarray
    s: np.ndarray
    t: np.ndarray
    front: np.ndarray
    half: np.ndarray


def spot(shape: Shape, local: np.ndarray, axis: np.ndarray) -> Spot:
    """Surface coordinates of points in the shape's unit frame, as ``surface`` returns them."""
    x, y, z = local
    hx, hy, hz = shape.half
    if shape.kind == "box":
        s = np.where(axis == 0, y, x)
        t = np.where(axis == 2, y, z)
        u = s * np.where(axis == 0, hy, hx)
        v = t * np.where(axis == 2, hy, hz)
    else:
        around = np.arctan2(y, x)
        cap = axis == 2
        s = np.where(cap, x, around / np.pi)
        t = np.where(cap, y, z)
        u = np.where(cap, x * hx, around * 0.5 * (hx + hy))
        v = np.where(cap, y * hy, z * hz)
    f32 = np.float32
    return Spot(u.astype(f32), v.astype(f32), s, t, axis == 1, shape.half)
