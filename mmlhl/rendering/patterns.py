"""Textures that repeat over a surface; each function returns RGB of shape (3, N)."""

from __future__ import annotations

import numpy as np

from . import noise
from .scene import Material, Vector
from .spots import Spot


def mix(a: Vector | float, b: Vector | float, weight: float | np.ndarray) -> np.ndarray:
    """Blend two colours, given once (3,) or for each point (3, N), by a weight in [0, 1]."""
    a, b = np.asarray(a), np.asarray(b)
    a = a[:, None] if a.ndim == 1 else a
    b = b[:, None] if b.ndim == 1 else b
    return a + (b - a) * weight


def plain(m: Material, at: Spot, strength: float = 0.12) -> np.ndarray:
    """Paint with faint blotches."""
    blotch = noise.smooth(at.u * 0.4, at.v * 0.4, m.seed)
    grain = noise.smooth(at.u * 3.1, at.v * 3.1, m.seed + 5)
    return m.colours[0][:, None] * (1 + strength * (blotch + 0.7 * grain - 0.85))


def wood(m: Material, at: Spot) -> np.ndarray:
    """Floor boards, staggered row by row."""
    row = np.floor(at.v / m.scale)
    shift = noise.cell(row, row * 0, m.seed) * 7 * m.scale
    column = np.floor((at.u + shift) / (7 * m.scale))
    board = noise.cell(row, column, m.seed + 1)
    grain = noise.smooth(at.u * 0.35 + board, at.v * 4.0, m.seed)
    body = mix(m.colours[0], m.colours[1], 0.35 * board + 0.65 * grain)
    gap = (at.v / m.scale - row < 0.05) | ((at.u + shift) / (7 * m.scale) - column < 0.008)
    return body * np.where(gap, 0.6, 1.0)


def grain(m: Material, at: Spot) -> np.ndarray:
    """One piece of wood with its grain along the longer side."""
    along, across = (at.v, at.u) if at.half[2] > max(at.half[:2]) else (at.u, at.v)
    ring = noise.smooth(along * 0.4, across * 3.5, m.seed)
    fine = noise.smooth(along * 1.7, across * 9.0, m.seed + 3)
    return mix(m.colours[0], m.colours[1], 0.7 * ring + 0.3 * fine)


def tiles(m: Material, at: Spot) -> np.ndarray:
    """Square tiles in two colours with joints in a third."""
    i, j = np.floor(at.u / m.scale), np.floor(at.v / m.scale)
    odd = noise.cell(i, j, m.seed)
    veins = noise.smooth(at.u * 0.8 + odd, at.v * 0.8, m.seed)
    chess = np.where((i + j) % 2 == 0, 0.25 * odd, 1.0 - 0.25 * odd)
    body = mix(m.colours[0], m.colours[1], chess) * (0.88 + 0.24 * veins)
    gap = (at.u / m.scale - i < 0.05) | (at.v / m.scale - j < 0.05)
    return np.where(gap, m.colours[2][:, None], body)


def carpet(m: Material, at: Spot) -> np.ndarray:
    """Pile, worn in places."""
    pile = noise.smooth(at.u * 5.3, at.v * 5.3, m.seed)
    worn = noise.smooth(at.u * 0.3, at.v * 0.3, m.seed + 9)
    return mix(m.colours[0], m.colours[1], (1.6 * pile - 0.3).clip(0, 1)) * (0.8 + 0.4 * worn)


def rug(m: Material, at: Spot) -> np.ndarray:
    """Rings around the middle."""
    edge = np.maximum(np.abs(at.s), np.abs(at.t))
    ring = np.floor(edge * 5 + 0.6 * np.sin(at.u * 6.28 / m.scale) * (edge < 0.8))
    body = m.colours[(ring.astype(int) + m.seed) % len(m.colours)].T
    return body * (0.75 + 0.5 * noise.smooth(at.u * 5.3, at.v * 5.3, m.seed))


def stripes(m: Material, at: Spot) -> np.ndarray:
    """Vertical stripes."""
    wave = np.sin(2 * np.pi * at.u / m.scale)
    body = mix(m.colours[0], m.colours[1], (wave * 3 + 0.5).clip(0, 1))
    return body * (0.94 + 0.12 * noise.smooth(at.u * 0.6, at.v * 0.6, m.seed))


def damask(m: Material, at: Spot) -> np.ndarray:
    """Staggered flowers."""
    u, v = at.u / m.scale, at.v / m.scale
    u = u + 0.5 * (np.floor(v) % 2)
    du, dv = u - np.floor(u) - 0.5, v - np.floor(v) - 0.5
    flower = np.hypot(du, dv) < 0.27 + 0.09 * np.cos(5 * np.arctan2(dv, du))
    return mix(m.colours[0], m.colours[1], flower) * (0.95 + 0.1 * noise.smooth(at.u, at.v, m.seed))


def brick(m: Material, at: Spot) -> np.ndarray:
    """Bricks with joints in the third colour."""
    row = np.floor(at.v / (0.4 * m.scale))
    u = at.u / m.scale + 0.5 * (row % 2)
    column = np.floor(u)
    body = mix(m.colours[0], m.colours[1], noise.cell(row, column, m.seed))
    body = body * (0.8 + 0.4 * noise.smooth(at.u * 2, at.v * 2, m.seed))
    gap = (at.v / (0.4 * m.scale) - row < 0.14) | (u - column < 0.06)
    return np.where(gap, m.colours[2][:, None], body)


def panelled(m: Material, at: Spot) -> np.ndarray:
    """Upright boards."""
    board = np.floor(at.u / m.scale)
    line = at.u / m.scale - board < 0.07
    shade = 0.92 + 0.16 * noise.cell(board, board * 0, m.seed)
    return grain(m, at) * shade * np.where(line, 0.6, 1.0)


def fabric(m: Material, at: Spot) -> np.ndarray:
    """Woven cloth in one colour."""
    weave = noise.smooth(at.u * 6.1, at.v * 6.1, m.seed)
    fold = noise.smooth(at.u * 0.7, at.v * 0.7, m.seed + 2)
    return m.colours[0][:, None] * (0.7 + 0.3 * weave + 0.3 * fold)


def checks(m: Material, at: Spot) -> np.ndarray:
    """Woven checks."""
    a = (np.sin(2 * np.pi * at.u / m.scale) > 0) * 0.5
    b = (np.sin(2 * np.pi * at.v / m.scale) > 0) * 0.5
    weave = noise.smooth(at.u * 6.1, at.v * 6.1, m.seed)
    return mix(m.colours[0], m.colours[1], a + b) * (0.8 + 0.4 * weave)


def quilt(m: Material, at: Spot) -> np.ndarray:
    """Padded diamonds, some in the second colour."""
    a = np.abs(np.sin(np.pi * (at.u + at.v) / m.scale))
    b = np.abs(np.sin(np.pi * (at.u - at.v) / m.scale))
    puff = 0.72 + 0.28 * np.sqrt(a * b)
    flower = noise.cell(
        np.floor((at.u + at.v) / m.scale), np.floor((at.u - at.v) / m.scale), m.seed
    )
    fold = noise.smooth(at.u * 0.6, at.v * 0.6, m.seed)
    return mix(m.colours[0], m.colours[1], flower > 0.75) * puff * (0.8 + 0.4 * fold)


def leaves(m: Material, at: Spot) -> np.ndarray:
    """Light and dark foliage."""
    leaf = noise.smooth(at.s * 0.6, at.t * 0.35, m.seed)
    return mix(m.colours[0], m.colours[1], (3.5 * leaf - 1.25).clip(0, 1)) * (0.55 + 0.9 * leaf)
