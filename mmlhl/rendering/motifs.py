"""Textures that fill one face; each function returns RGB of shape (3, N)."""

from __future__ import annotations

import numpy as np

from . import noise
from .patterns import grain, mix
from .scene import Material
from .spots import Spot


def framed(m: Material, at: Spot, border: float) -> np.ndarray:
    """Points within ``border`` metres of the edge of the front, or not on it, bool (N,)."""
    edge = np.minimum((1 - np.abs(at.s)) * at.half[0], (1 - np.abs(at.t)) * at.half[2])
    return (edge < border) | ~at.front


def books(m: Material, at: Spot) -> np.ndarray:
    """Spines of different widths: a fine grid whose neighbours are sometimes joined."""
    fine = np.floor(at.u / m.scale)
    bound = noise.cell(fine, fine * 0, m.seed + 4) < 0.35
    spine = np.where(bound, fine - 1, fine)
    pick = noise.cell(spine, spine * 0, m.seed)
    body = m.colours[(pick * len(m.colours)).astype(int) % len(m.colours)].T
    band = np.abs(at.t - (noise.cell(spine, spine * 0 + 3, m.seed) - 0.2)) < 0.16
    body = np.where(band & at.front, 0.5 * body + 0.45, body)
    gap = (at.u / m.scale - fine < 0.14) & ~bound
    return body * np.where(gap, 0.3, 1.0) * (0.85 + 0.3 * noise.smooth(at.u, at.v, m.seed))


def cabinet(m: Material, at: Spot) -> np.ndarray:
    """Doors or drawers with dark joints and handles, on the front only."""
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
    face = grain(m, at) * inset * np.where(joint, 0.35, 1.0)
    face = np.where(handle, m.colours[2][:, None], face)
    return np.where(at.front, face, grain(m, at))


def painting(m: Material, at: Spot) -> np.ndarray:
    """A landscape, coloured fields or blobs in a frame."""
    a = noise.smooth(at.s * 0.13, at.t * 0.17, m.seed)
    b = noise.smooth(at.s * 0.09 + 0.5, at.t * 0.11, m.seed + 7)
    if m.seed % 3 == 0:  # a landscape: sky, hills, ground
        line = 0.1 + 0.8 * (noise.smooth(at.s * 0.12, at.s * 0, m.seed) - 0.5)
        low = at.t < line
        body = np.where(low, mix(m.colours[2], m.colours[3], a), mix(m.colours[1], 0.9, at.t))
    elif m.seed % 3 == 1:  # coloured fields
        pick = noise.cell(np.floor(at.s * 2.2), np.floor(at.t * 1.8), m.seed)
        body = m.colours[1 + (pick * 3).astype(int) % 3].T * (0.8 + 0.4 * b)
    else:  # blobs
        body = mix(mix(m.colours[1], m.colours[2], (6 * a - 2.6).clip(0, 1)), m.colours[3], b)
    mat = framed(m, at, 0.07) & (m.seed % 2 == 0)
    body = np.where(mat, 0.9, body)
    return np.where(framed(m, at, 0.025), m.colours[0][:, None], body)


def mirror(m: Material, at: Spot) -> np.ndarray:
    """A framed sheen."""
    streak = noise.smooth(at.u * 0.25 + at.v * 0.25, at.u * 0, m.seed)
    body = mix(m.colours[1], m.colours[2], streak * 0.6 + 0.2 + 0.2 * at.t)
    return np.where(framed(m, at, 0.03), m.colours[0][:, None], body)


def window(m: Material, at: Spot) -> np.ndarray:
    """Sky over trees or houses behind panes."""
    skyline = -0.35 + 0.9 * (noise.smooth(at.s * 0.15, at.s * 0, m.seed) - 0.5)
    if m.seed % 2:
        skyline = -0.5 + 0.8 * noise.cell(np.floor(at.s * 3), at.s * 0, m.seed)
    leaf = noise.smooth(at.u * 0.5, at.v * 0.5, m.seed + 3)
    sky = mix(m.colours[1], m.colours[2], (0.5 + 0.5 * at.t + 0.5 * (leaf - 0.5)).clip(0, 1))
    body = np.where(at.t < skyline, m.colours[3][:, None] * (0.5 + leaf), sky)
    columns = max(1, round(2 * at.half[0] / m.scale))
    pane = (at.s + 1) / 2 * columns
    bar = np.abs(pane - np.round(pane)) * 2 * at.half[0] / columns < 0.022
    bar |= np.abs(at.t - 0.3) * at.half[2] < 0.02
    return np.where(framed(m, at, 0.05) | bar, m.colours[0][:, None], body)


def blinds(m: Material, at: Spot) -> np.ndarray:
    """Horizontal slats."""
    slat = at.v / m.scale - np.floor(at.v / m.scale)
    return m.colours[0][:, None] * (0.55 + 0.45 * slat)


def curtain(m: Material, at: Spot) -> np.ndarray:
    """Vertical folds."""
    wobble = noise.smooth(at.u * 0.5, at.v * 0.12, m.seed)
    fold = 0.5 + 0.5 * np.sin(2 * np.pi * at.u / m.scale + 5 * wobble)
    body = mix(m.colours[0], m.colours[1], (np.sin(at.v * 9) > 0.7) * (m.seed % 2))
    return body * (0.55 + 0.45 * fold)


def screen(m: Material, at: Spot) -> np.ndarray:
    """Nearly black with a soft reflection when off, a picture when on."""
    body = mix(m.colours[1], m.colours[2], (0.5 * at.s + 0.5 * at.t + 0.5).clip(0, 1))
    if m.glow:
        a = noise.smooth(at.s * 0.15, at.t * 0.12, m.seed)
        body = mix(m.colours[2], m.colours[3], (5 * a - 2).clip(0, 1))
        body = np.where(at.t < -0.55, 0.5 * body, body)
    return np.where(framed(m, at, 0.025), m.colours[0][:, None], body)


def door(m: Material, at: Spot) -> np.ndarray:
    """Two panels, a knob and a frame."""
    x, y = np.abs(at.s) * at.half[0], at.t
    inset = (x < at.half[0] * 0.68) & (np.abs(np.abs(y) - 0.45) < 0.34)
    rim = (x < at.half[0] * 0.74) & (np.abs(np.abs(y) - 0.45) < 0.37) & ~inset
    knob = np.hypot(at.s * at.half[0] - 0.8 * at.half[0], y * at.half[2]) < 0.035
    body = grain(m, at) * np.where(rim, 0.72, 1.0)
    body = np.where(knob & at.front, m.colours[2][:, None], body)
    return np.where(framed(m, at, 0.06), m.colours[2][:, None], body)
