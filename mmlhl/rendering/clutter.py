"""Small things: books, vases, boxes, plants, lamps."""

from __future__ import annotations

import numpy as np

from ..datasets.rooms_classes import BOOKS, OBJECTS
from . import materials
from .kit import Kit, tilt, turn
from .scene import Span, Vector


def book_row(
    rng: np.random.Generator, kit: Kit, at: Vector, length: float, height: float | None = None
) -> None:
    """Put a row of books on a shelf; ``at`` is the middle of their underside."""
    x, y, z = at
    height = height or rng.uniform(0.2, 0.28)
    left, end = x - length / 2, x + length / 2
    while left < end - 0.06:
        width = min(rng.uniform(0.12, 0.4), end - left)
        h = height * rng.uniform(0.75, 1.0)
        at = (left + width / 2, y, z + h / 2)
        kit.box(BOOKS, at, (width, rng.uniform(0.14, 0.2), h), materials.books(rng))
        left += width


def _stack(rng: np.random.Generator, kit: Kit, x: float, y: float, z: float) -> None:
    for _ in range(int(rng.integers(2, 6))):
        h = rng.uniform(0.025, 0.05)
        size = (rng.uniform(0.2, 0.3), rng.uniform(0.15, 0.22), h)
        material = materials.plain(rng, (0.3, 0.9))
        kit.box(BOOKS, (x, y, z + h / 2), size, material, turn(rng.uniform(-20, 20)))
        z += h


def _thing(rng: np.random.Generator, kit: Kit, x: float, y: float, z: float, limit: float) -> None:
    # one small object at (x, y, z), no higher than limit
    style = rng.random()
    s = min(rng.uniform(0.08, 0.22), limit)
    shiny = materials.gloss(rng) if rng.random() < 0.5 else materials.plain(rng, (0.3, 0.95))
    if style < 0.2:  # ball, fruit
        kit.ball(OBJECTS, (x, y, z + s / 2), (s, s, s), shiny)
    elif style < 0.45:  # vase: body and neck
        kit.ball(OBJECTS, (x, y, z + 0.35 * s), (0.8 * s, 0.8 * s, 0.7 * s), shiny)
        kit.can(OBJECTS, (x, y, z + 0.8 * s), (0.3 * s, 0.3 * s, 0.4 * s), shiny, taper=1.4)
    elif style < 0.65:  # cup or pot
        kit.can(OBJECTS, (x, y, z + 0.4 * s), (0.6 * s, 0.6 * s, 0.8 * s), shiny, taper=1.25)
    elif style < 0.8:  # carton
        size = (s, 0.7 * s, 0.8 * s)
        kit.box(OBJECTS, (x, y, z + 0.4 * s), size, shiny, turn(rng.uniform(0, 90)))
    elif style < 0.9:  # bottle
        kit.can(OBJECTS, (x, y, z + 0.4 * s), (0.35 * s, 0.35 * s, 0.8 * s), shiny)
        kit.can(OBJECTS, (x, y, z + 0.9 * s), (0.14 * s, 0.14 * s, 0.2 * s), shiny)
    elif limit > 0.3:  # table lamp
        foot, shade = materials.gloss(rng), materials.lamp(rng, rng.random() < 0.5)
        kit.can(OBJECTS, (x, y, z + 0.1), (0.1, 0.1, 0.2), foot, taper=0.4)
        kit.can(OBJECTS, (x, y, z + 0.27), (0.24, 0.24, 0.18), shade, taper=0.65)
    else:  # bowl
        kit.ball(OBJECTS, (x, y, z + 0.3 * s), (1.2 * s, 1.2 * s, 0.6 * s), shiny)


def clutter(
    rng: np.random.Generator,
    kit: Kit,
    height: float,
    count: int,
    spread: float,
    x: Span = (-0.45, 0.45),
    y: Span = (-0.4, 0.4),
    limit: float = 0.5,
) -> None:
    """Scatter small things on a surface.

    Args:
        rng: Random generator.
        kit: The piece of furniture with the surface.
        height: Height of the surface, metres.
        count: Greatest number of things.
        spread: Probability of each thing.
        x: Range along the piece's width, in widths from its middle.
        y: Range along its depth, likewise.
        limit: Greatest height of a thing, metres.
    """
    slots = np.linspace(x[0], x[1], count + 1)
    for low, high in zip(slots[:-1], slots[1:], strict=True):
        if rng.random() > spread:
            continue
        at = rng.uniform(low + 0.25 * (high - low), high - 0.25 * (high - low)) * kit.width
        across = rng.uniform(*y) * 0.7 * kit.depth
        if rng.random() < 0.18 and limit >= 0.25 and kit.width > 0.6:
            _stack(rng, kit, at, across, height)
        else:
            _thing(rng, kit, at, across, height, limit)


def plant(rng: np.random.Generator) -> Kit:
    """A pot plant on the floor."""
    kit = Kit(0.45, 0.45)
    pot, green = materials.gloss(rng), materials.leaves(rng)
    h = rng.uniform(0.22, 0.4)
    kit.can(OBJECTS, (0, 0, h / 2), (0.24, 0.24, h), pot, taper=1.35)
    kit.can(OBJECTS, (0, 0, h + 0.15), (0.04, 0.04, 0.4), materials.timber(rng))
    for _ in range(int(rng.integers(4, 8))):
        at = (*rng.uniform(-0.18, 0.18, 2), h + rng.uniform(0.15, 0.75))
        size = rng.uniform(0.15, 0.42, 3)
        kit.ball(OBJECTS, at, size, green, turn(rng.uniform(0, 180)) @ tilt(rng.uniform(-50, 50)))
    return kit


def floor_lamp(rng: np.random.Generator) -> Kit:
    """A standing lamp."""
    kit = Kit(0.36, 0.36)
    steel, h = materials.metal(rng), rng.uniform(1.3, 1.6)
    kit.can(OBJECTS, (0, 0, 0.015), (0.28, 0.28, 0.03), steel)
    kit.can(OBJECTS, (0, 0, h / 2), (0.035, 0.035, h), steel)
    shade = materials.lamp(rng, rng.random() < 0.6)
    kit.can(OBJECTS, (0, 0, h + 0.1), (0.38, 0.38, 0.28), shade, taper=0.6)
    return kit


def floor_thing(rng: np.random.Generator) -> Kit:
    """A carton, basket, ball, bag or bin on the floor."""
    kit = Kit(0.4, 0.4)
    style = rng.random()
    s = rng.uniform(0.2, 0.4)
    if style < 0.3:
        base = materials.plain(rng, (0.2, 0.6), (0.3, 0.8))
        kit.box(OBJECTS, (0, 0, 0.35 * s), (s, 0.8 * s, 0.7 * s), base, turn(rng.uniform(0, 90)))
    elif style < 0.55:
        kit.ball(OBJECTS, (0, 0, s / 2), (s, s, s), materials.bedding(rng))
    elif style < 0.8:
        material = materials.metal(rng) if rng.random() < 0.5 else materials.fabric(rng)
        kit.can(OBJECTS, (0, 0, s / 2), (0.8 * s, 0.8 * s, s), material, taper=1.25)
    else:
        bag = materials.fabric(rng)
        kit.box(OBJECTS, (0, 0, 0.5 * s), (s, 0.5 * s, s), bag, turn(rng.uniform(0, 90)))
        kit.ball(OBJECTS, (0, 0, s), (0.9 * s, 0.5 * s, 0.4 * s), bag)
    return kit
