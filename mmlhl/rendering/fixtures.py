"""Fixtures on walls and ceilings: windows, doors, pictures, lamps."""

from __future__ import annotations

import numpy as np

from ..datasets.rooms_classes import CEILING, FURNITURE, OBJECTS, PICTURE, TV, WALL, WINDOW
from . import materials
from .clutter import book_row, clutter
from .kit import Kit


def window(rng: np.random.Generator, room_height: float, glow: float) -> Kit:
    """A window in the plane y = 0, with a sill and sometimes curtains or blinds."""
    w = rng.uniform(0.8, 1.9)
    low = rng.uniform(0.75, 1.05)
    high = min(rng.uniform(1.9, 2.3), room_height - 0.15)
    kit = Kit(w, 0.12)
    middle, h = (low + high) / 2, high - low
    kit.box(WINDOW, (0, 0.015, middle), (w, 0.03, h), materials.window(rng, glow), opaque=False)
    frame = materials.plain(rng, (0, 0.1), (0.75, 0.95))
    kit.box(WINDOW, (0, 0.06, low - 0.02), (w + 0.12, 0.12, 0.04), frame)
    style = rng.random()
    if style < 0.4:
        cloth = materials.curtain(rng, 0.35 * glow)
        bottom = 0.05 if rng.random() < 0.6 else low - 0.12
        top, wide = high + 0.12, rng.uniform(0.22, 0.42) * w
        kit.width = w + 0.5 * wide
        for x in (-1, 1):
            at = (x * (w / 2 - 0.25 * wide), 0.1, (bottom + top) / 2)
            kit.box(WINDOW, at, (wide, 0.06, top - bottom), cloth, opaque=False)
        kit.box(WINDOW, (0, 0.1, top), (w + 0.6 * wide, 0.03, 0.03), materials.metal(rng))
    elif style < 0.55:
        drop = rng.uniform(0.3, 1.0) * h
        at = (0, 0.05, high - drop / 2)
        kit.box(WINDOW, at, (w, 0.02, drop), materials.blinds(rng, 0.5 * glow), opaque=False)
    return kit


def door(rng: np.random.Generator) -> Kit:
    """A closed door in the plane y = 0."""
    kit = Kit(rng.uniform(0.8, 0.98), 0.05)
    height = rng.uniform(1.98, 2.1)
    kit.box(
        WALL, (0, 0.02, height / 2), (kit.width, 0.04, height), materials.door(rng), opaque=False
    )
    return kit


def picture(rng: np.random.Generator) -> Kit:
    """A painting or, rarely, a mirror in the plane y = 0."""
    kit = Kit(rng.uniform(0.35, 1.05), 0.03)
    h = kit.width * rng.uniform(0.6, 1.3)
    material = materials.mirror(rng) if rng.random() < 0.15 else materials.painting(rng)
    at = (0, 0.015, rng.uniform(1.45, 1.7))
    kit.box(PICTURE, at, (kit.width, 0.03, min(h, 1.0)), material, opaque=False)
    return kit


def wall_television(rng: np.random.Generator) -> Kit:
    """A television on the wall."""
    kit = Kit(rng.uniform(0.8, 1.3), 0.08)
    at = (0, 0.04, rng.uniform(1.2, 1.5))
    kit.box(TV, at, (kit.width, 0.06, 0.57 * kit.width), materials.screen(rng))
    return kit


def wall_shelf(rng: np.random.Generator) -> Kit:
    """A board on the wall with books and objects."""
    kit = Kit(rng.uniform(0.6, 1.2), 0.24)
    z = rng.uniform(1.25, 1.6)
    kit.box(FURNITURE, (0, 0.12, z), (kit.width, 0.22, 0.03), materials.timber(rng))
    top = Kit(kit.width, 0.2)
    book_row(rng, top, (-0.2 * kit.width, 0, z + 0.015), 0.5 * kit.width)
    clutter(rng, top, z + 0.015, 2, 0.7, x=(0.15, 0.45))
    kit.join(top, (0, 0.12, 0))
    return kit


def ceiling_lamp(rng: np.random.Generator, drop: float) -> Kit:
    """A lamp that hangs ``drop`` metres below z = 0, or a flat one if ``drop`` is 0."""
    kit = Kit(0.4, 0.4)
    shade = materials.lamp(rng, True)
    if drop <= 0:
        size = rng.uniform(0.3, 0.5)
        kit.can(OBJECTS, (0, 0, -0.05), (size, size, 0.1), shade, taper=1.2, opaque=False)
        return kit
    kit.can(OBJECTS, (0, 0, -drop / 2), (0.02, 0.02, drop), materials.metal(rng), opaque=False)
    size = rng.uniform(0.22, 0.42)
    if rng.random() < 0.5:
        kit.ball(OBJECTS, (0, 0, -drop), (size, size, size), shade)
    else:
        kit.can(OBJECTS, (0, 0, -drop), (size, size, 0.6 * size), shade, taper=0.4, opaque=False)
    return kit


def beam(rng: np.random.Generator, length: float) -> Kit:
    """A beam of the ceiling, hanging below z = 0 along x."""
    kit = Kit(length, 0.2)
    size = (length, rng.uniform(0.12, 0.22), rng.uniform(0.12, 0.24))
    kit.box(CEILING, (0, 0, -size[2] / 2), size, materials.timber(rng), opaque=False)
    return kit
