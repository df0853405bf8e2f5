"""Procedural textures: from where a point lies on its shape to the colour there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import noise
from .scene import Material, Shape


@dataclass(frozen=True)
class Spot:
    """Points on one shape.

    Args:
        u (np.ndarray): Metres along the surface, horizontally where that makes sense, (N,).
        v (np.ndarray): Metres along the surface, upwards on sides, shape (N,).
        s (np.ndarray): ``u`` from -1 to 1 over the face, shape (N,).
        t (np.ndarray): ``v`` from -1 to 1 over the face, shape (N,).
        front (np.ndarray): Bool, whether the point is on a face across the local y axis, (N,).
        half (np.ndarray): Half extents of the shape, shape (3,), metres.
    """

    u: np.ndarray
    v: np.ndarray
    s: np.ndarray
    t: np.ndarray
    front: np.ndarray
    half: np.ndarray


def spot(shape: Shape, local: np.ndarray, axis: np.ndarray) -> Spot:
    """Surface coordinates of points given in the shape's unit frame, as ``surface`` returns."""
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


def colour(material: Material, at: Spot) -> np.ndarray:
    """Reflectance of a material.

    Returns:
        np.ndarray: RGB in [0, 1], shape (3, N).
    """
    return TEXTURES[material.texture](material, at).clip(0, 1)


def _mix(a, b, weight) -> np.ndarray:
    a, b = np.asarray(a), np.asarray(b)
    a = a[:, None] if a.ndim == 1 else a
    b = b[:, None] if b.ndim == 1 else b
    return a + (b - a) * weight


def _plain(m: Material, at: Spot, strength: float = 0.12) -> np.ndarray:
    blotch = noise.smooth(at.u * 0.4, at.v * 0.4, m.seed)
    grain = noise.smooth(at.u * 3.1, at.v * 3.1, m.seed + 5)
    return m.colours[0][:, None] * (1 + strength * (blotch + 0.7 * grain - 0.85))


def _wood(m: Material, at: Spot) -> np.ndarray:
    row = np.floor(at.v / m.scale)
    shift = noise.cell(row, row * 0, m.seed) * 7 * m.scale
    column = np.floor((at.u + shift) / (7 * m.scale))
    board = noise.cell(row, column, m.seed + 1)
    grain = noise.smooth(at.u * 0.35 + board, at.v * 4.0, m.seed)
    body = _mix(m.colours[0], m.colours[1], 0.35 * board + 0.65 * grain)
    gap = (at.v / m.scale - row < 0.05) | ((at.u + shift) / (7 * m.scale) - column < 0.008)
    return body * np.where(gap, 0.6, 1.0)


def _grain(m: Material, at: Spot) -> np.ndarray:
    along, across = (at.v, at.u) if at.half[2] > max(at.half[:2]) else (at.u, at.v)
    ring = noise.smooth(along * 0.4, across * 3.5, m.seed)
    fine = noise.smooth(along * 1.7, across * 9.0, m.seed + 3)
    return _mix(m.colours[0], m.colours[1], 0.7 * ring + 0.3 * fine)


def _tiles(m: Material, at: Spot) -> np.ndarray:
    i, j = np.floor(at.u / m.scale), np.floor(at.v / m.scale)
    odd = noise.cell(i, j, m.seed)
    veins = noise.smooth(at.u * 0.8 + odd, at.v * 0.8, m.seed)
    chess = np.where((i + j) % 2 == 0, 0.25 * odd, 1.0 - 0.25 * odd)
    body = _mix(m.colours[0], m.colours[1], chess) * (0.88 + 0.24 * veins)
    gap = (at.u / m.scale - i < 0.05) | (at.v / m.scale - j < 0.05)
    return np.where(gap, m.colours[2][:, None], body)


def _carpet(m: Material, at: Spot) -> np.ndarray:
    pile = noise.smooth(at.u * 5.3, at.v * 5.3, m.seed)
    worn = noise.smooth(at.u * 0.3, at.v * 0.3, m.seed + 9)
    return _mix(m.colours[0], m.colours[1], (1.6 * pile - 0.3).clip(0, 1)) * (0.8 + 0.4 * worn)


def _rug(m: Material, at: Spot) -> np.ndarray:
    edge = np.maximum(np.abs(at.s), np.abs(at.t))
    ring = np.floor(edge * 5 + 0.6 * np.sin(at.u * 6.28 / m.scale) * (edge < 0.8))
    body = m.colours[(ring.astype(int) + m.seed) % len(m.colours)].T
    return body * (0.75 + 0.5 * noise.smooth(at.u * 5.3, at.v * 5.3, m.seed))


def _stripes(m: Material, at: Spot) -> np.ndarray:
    wave = np.sin(2 * np.pi * at.u / m.scale)
    body = _mix(m.colours[0], m.colours[1], (wave * 3 + 0.5).clip(0, 1))
    return body * (0.94 + 0.12 * noise.smooth(at.u * 0.6, at.v * 0.6, m.seed))


def _damask(m: Material, at: Spot) -> np.ndarray:
    u, v = at.u / m.scale, at.v / m.scale
    u = u + 0.5 * (np.floor(v) % 2)
    du, dv = u - np.floor(u) - 0.5, v - np.floor(v) - 0.5
    flower = np.hypot(du, dv) < 0.27 + 0.09 * np.cos(5 * np.arctan2(dv, du))
    return _mix(m.colours[0], m.colours[1], flower) * (
        0.95 + 0.1 * noise.smooth(at.u, at.v, m.seed)
    )


def _brick(m: Material, at: Spot) -> np.ndarray:
    row = np.floor(at.v / (0.4 * m.scale))
    u = at.u / m.scale + 0.5 * (row % 2)
    column = np.floor(u)
    body = _mix(m.colours[0], m.colours[1], noise.cell(row, column, m.seed))
    body = body * (0.8 + 0.4 * noise.smooth(at.u * 2, at.v * 2, m.seed))
    gap = (at.v / (0.4 * m.scale) - row < 0.14) | (u - column < 0.06)
    return np.where(gap, m.colours[2][:, None], body)


def _panelled(m: Material, at: Spot) -> np.ndarray:
    board = np.floor(at.u / m.scale)
    line = at.u / m.scale - board < 0.07
    shade = 0.92 + 0.16 * noise.cell(board, board * 0, m.seed)
    return _grain(m, at) * shade * np.where(line, 0.6, 1.0)


def _fabric(m: Material, at: Spot) -> np.ndarray:
    weave = noise.smooth(at.u * 6.1, at.v * 6.1, m.seed)
    fold = noise.smooth(at.u * 0.7, at.v * 0.7, m.seed + 2)
    return m.colours[0][:, None] * (0.7 + 0.3 * weave + 0.3 * fold)


def _checks(m: Material, at: Spot) -> np.ndarray:
    a = (np.sin(2 * np.pi * at.u / m.scale) > 0) * 0.5
    b = (np.sin(2 * np.pi * at.v / m.scale) > 0) * 0.5
    weave = noise.smooth(at.u * 6.1, at.v * 6.1, m.seed)
    return _mix(m.colours[0], m.colours[1], a + b) * (0.8 + 0.4 * weave)


def _quilt(m: Material, at: Spot) -> np.ndarray:
    a = np.abs(np.sin(np.pi * (at.u + at.v) / m.scale))
    b = np.abs(np.sin(np.pi * (at.u - at.v) / m.scale))
    puff = 0.72 + 0.28 * np.sqrt(a * b)
    flower = noise.cell(
        np.floor((at.u + at.v) / m.scale), np.floor((at.u - at.v) / m.scale), m.seed
    )
    fold = noise.smooth(at.u * 0.6, at.v * 0.6, m.seed)
    return _mix(m.colours[0], m.colours[1], flower > 0.75) * puff * (0.8 + 0.4 * fold)


def _books(m: Material, at: Spot) -> np.ndarray:
    # spines of unequal width: a fine grid whose neighbours are sometimes bound together
    fine = np.floor(at.u / m.scale)
    bound = noise.cell(fine, fine * 0, m.seed + 4) < 0.35
    spine = np.where(bound, fine - 1, fine)
    pick = noise.cell(spine, spine * 0, m.seed)
    body = m.colours[(pick * len(m.colours)).astype(int) % len(m.colours)].T
    band = np.abs(at.t - (noise.cell(spine, spine * 0 + 3, m.seed) - 0.2)) < 0.16
    body = np.where(band & at.front, 0.5 * body + 0.45, body)
    gap = (at.u / m.scale - fine < 0.14) & ~bound
    return body * np.where(gap, 0.3, 1.0) * (0.85 + 0.3 * noise.smooth(at.u, at.v, m.seed))


def _cabinet(m: Material, at: Spot) -> np.ndarray:
    # doors and drawers with dark joints and a handle each, on the front only
    columns = max(1, round(2 * at.half[0] / 0.5))
    rows = max(1, round(2 * at.half[2] / m.scale))
    i, j = (at.s + 1) / 2 * columns, (at.t + 1) / 2 * rows
    i, j = i - np.floor(i), j - np.floor(j)
    width, height = 2 * at.half[0] / columns, 2 * at.half[2] / rows
    x, y = np.minimum(i, 1 - i) * width, np.minimum(j, 1 - j) * height
    joint = np.minimum(x, y) < 0.012
    if height < 0.45:
        handle = (np.abs(i - 0.5) * width < 0.07) & (np.abs(j - 0.6) * height < 0.015)
    else:
        handle = (np.abs(i - 0.85) * width < 0.015) & (np.abs(j - 0.5) * height < 0.08)
    inset = np.where(np.minimum(x, y) < 0.06, 0.93, 1.0)
    face = _grain(m, at) * inset * np.where(joint, 0.35, 1.0)
    face = np.where(handle, m.colours[2][:, None], face)
    return np.where(at.front, face, _grain(m, at))


def _framed(m: Material, at: Spot, border: float) -> np.ndarray:
    edge = np.minimum((1 - np.abs(at.s)) * at.half[0], (1 - np.abs(at.t)) * at.half[2])
    return (edge < border) | ~at.front


def _painting(m: Material, at: Spot) -> np.ndarray:
    a = noise.smooth(at.s * 0.13, at.t * 0.17, m.seed)
    b = noise.smooth(at.s * 0.09 + 0.5, at.t * 0.11, m.seed + 7)
    if m.seed % 3 == 0:  # a landscape: sky, hills, ground
        line = 0.1 + 0.8 * (noise.smooth(at.s * 0.12, at.s * 0, m.seed) - 0.5)
        low = at.t < line
        body = np.where(low, _mix(m.colours[2], m.colours[3], a), _mix(m.colours[1], 0.9, at.t))
    elif m.seed % 3 == 1:  # coloured fields
        pick = noise.cell(np.floor(at.s * 2.2), np.floor(at.t * 1.8), m.seed)
        body = m.colours[1 + (pick * 3).astype(int) % 3].T * (0.8 + 0.4 * b)
    else:  # blobs
        body = _mix(_mix(m.colours[1], m.colours[2], (6 * a - 2.6).clip(0, 1)), m.colours[3], b)
    mat = _framed(m, at, 0.07) & (m.seed % 2 == 0)
    body = np.where(mat, 0.9, body)
    return np.where(_framed(m, at, 0.025), m.colours[0][:, None], body)


def _mirror(m: Material, at: Spot) -> np.ndarray:
    streak = noise.smooth(at.u * 0.25 + at.v * 0.25, at.u * 0, m.seed)
    body = _mix(m.colours[1], m.colours[2], streak * 0.6 + 0.2 + 0.2 * at.t)
    return np.where(_framed(m, at, 0.03), m.colours[0][:, None], body)


def _window(m: Material, at: Spot) -> np.ndarray:
    # sky over trees or houses behind panes
    skyline = -0.35 + 0.9 * (noise.smooth(at.s * 0.15, at.s * 0, m.seed) - 0.5)
    if m.seed % 2:
        skyline = -0.5 + 0.8 * noise.cell(np.floor(at.s * 3), at.s * 0, m.seed)
    leaf = noise.smooth(at.u * 0.5, at.v * 0.5, m.seed + 3)
    sky = _mix(m.colours[1], m.colours[2], (0.5 + 0.5 * at.t + 0.5 * (leaf - 0.5)).clip(0, 1))
    body = np.where(at.t < skyline, m.colours[3][:, None] * (0.5 + leaf), sky)
    columns = max(1, round(2 * at.half[0] / m.scale))
    pane = (at.s + 1) / 2 * columns
    bar = np.abs(pane - np.round(pane)) * 2 * at.half[0] / columns < 0.022
    bar |= np.abs(at.t - 0.3) * at.half[2] < 0.02
    return np.where(_framed(m, at, 0.05) | bar, m.colours[0][:, None], body)


def _blinds(m: Material, at: Spot) -> np.ndarray:
    slat = at.v / m.scale - np.floor(at.v / m.scale)
    return m.colours[0][:, None] * (0.55 + 0.45 * slat)


def _curtain(m: Material, at: Spot) -> np.ndarray:
    wobble = noise.smooth(at.u * 0.5, at.v * 0.12, m.seed)
    fold = 0.5 + 0.5 * np.sin(2 * np.pi * at.u / m.scale + 5 * wobble)
    body = _mix(m.colours[0], m.colours[1], (np.sin(at.v * 9) > 0.7) * (m.seed % 2))
    return body * (0.55 + 0.45 * fold)


def _screen(m: Material, at: Spot) -> np.ndarray:
    # off: nearly black with a soft reflection; on: a picture
    body = _mix(m.colours[1], m.colours[2], (0.5 * at.s + 0.5 * at.t + 0.5).clip(0, 1))
    if m.glow:
        a = noise.smooth(at.s * 0.15, at.t * 0.12, m.seed)
        body = _mix(m.colours[2], m.colours[3], (5 * a - 2).clip(0, 1))
        body = np.where(at.t < -0.55, 0.5 * body, body)
    return np.where(_framed(m, at, 0.025), m.colours[0][:, None], body)


def _leaves(m: Material, at: Spot) -> np.ndarray:
    leaf = noise.smooth(at.s * 0.6, at.t * 0.35, m.seed)
    return _mix(m.colours[0], m.colours[1], (3.5 * leaf - 1.25).clip(0, 1)) * (0.55 + 0.9 * leaf)


def _door(m: Material, at: Spot) -> np.ndarray:
    x, y = np.abs(at.s) * at.half[0], at.t
    inset = (x < at.half[0] * 0.68) & (np.abs(np.abs(y) - 0.45) < 0.34)
    rim = (x < at.half[0] * 0.74) & (np.abs(np.abs(y) - 0.45) < 0.37) & ~inset
    knob = np.hypot(at.s * at.half[0] - 0.8 * at.half[0], y * at.half[2]) < 0.035
    body = _grain(m, at) * np.where(rim, 0.72, 1.0)
    body = np.where(knob & at.front, m.colours[2][:, None], body)
    return np.where(_framed(m, at, 0.06), m.colours[2][:, None], body)


TEXTURES: dict[str, Callable[[Material, Spot], np.ndarray]] = {
    "plain": _plain,
    "wood": _wood,
    "grain": _grain,
    "tiles": _tiles,
    "carpet": _carpet,
    "rug": _rug,
    "stripes": _stripes,
    "damask": _damask,
    "brick": _brick,
    "panelled": _panelled,
    "fabric": _fabric,
    "checks": _checks,
    "quilt": _quilt,
    "books": _books,
    "cabinet": _cabinet,
    "painting": _painting,
    "mirror": _mirror,
    "window": _window,
    "blinds": _blinds,
    "curtain": _curtain,
    "screen": _screen,
    "leaves": _leaves,
    "door": _door,
}
