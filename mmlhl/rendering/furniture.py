"""Random pieces of furniture; each function returns a ``Kit``."""

from __future__ import annotations

import numpy as np

from ..datasets.rooms_classes import BED, CHAIR, FURNITURE, SOFA, TABLE, TV
from . import materials
from .clutter import book_row, clutter
from .kit import Kit, tilt
from .scene import Material, Vector


def _legs(
    kit: Kit, label: int, height: float, material: Material, thick: float, inset: float = 0.04
) -> None:
    for x in (-1, 1):
        for y in (-1, 1):
            at = (
                x * (kit.width / 2 - inset - thick / 2),
                y * (kit.depth / 2 - inset - thick / 2),
                height / 2,
            )
            kit.box(label, at, (thick, thick, height), material)


def bed(rng: np.random.Generator) -> Kit:
    """A bed with frame, mattress, blanket, head board and pillows."""
    kit = Kit(rng.choice([0.95, 1.45, 1.75]), rng.uniform(1.9, 2.1))
    w, d = kit.width, kit.depth
    wood, sheet = materials.timber(rng), materials.plain(rng, (0, 0.15), (0.7, 0.97))
    cover = materials.bedding(rng)
    frame, top = rng.uniform(0.18, 0.32), rng.uniform(0.42, 0.6)
    kit.box(BED, (0, 0, frame / 2 + 0.03), (w, d, frame), wood)
    kit.box(BED, (0, 0, (frame + top) / 2), (w - 0.04, d - 0.06, top - frame), sheet)
    reach = rng.uniform(0.6, 0.78) * d
    kit.box(
        BED,
        (0, d / 2 - reach / 2 + 0.01, top - 0.07),
        (w + 0.03, reach, rng.uniform(0.2, 0.36)),
        cover,
    )
    head = rng.uniform(0.75, 1.25)
    kit.box(BED, (0, -d / 2 + 0.03, head / 2), (w + 0.04, 0.06, head), wood)
    if rng.random() < 0.4:
        foot = rng.uniform(top, top + 0.2)
        kit.box(BED, (0, d / 2 + 0.03, foot / 2), (w + 0.04, 0.06, foot), wood)
    pillow = materials.fabric(rng) if rng.random() < 0.5 else sheet
    for x in (-0.24, 0.24) if w > 1.2 else (0.0,):
        kit.ball(BED, (x * w, -d / 2 + 0.32, top + 0.06), (0.62, 0.42, 0.2), pillow, tilt(20))
    return kit


def sofa(rng: np.random.Generator) -> Kit:
    """A sofa or armchair with arms, seat cushions, back and a scatter cushion."""
    seats = int(rng.choice([1, 2, 3], p=[0.25, 0.4, 0.35]))
    arm = rng.uniform(0.12, 0.24)
    kit = Kit(0.62 * seats + 2 * arm, rng.uniform(0.8, 1.0))
    w, d = kit.width, kit.depth
    cloth = materials.fabric(rng)
    cushion = cloth if rng.random() < 0.6 else materials.fabric(rng)
    seat, back, side = rng.uniform(0.38, 0.46), rng.uniform(0.75, 0.95), rng.uniform(0.5, 0.66)
    kit.box(SOFA, (0, 0, seat / 2 - 0.02), (w, d, seat - 0.16), cloth)
    lean = tilt(rng.uniform(4, 12))
    kit.box(SOFA, (0, -d / 2 + 0.12, back / 2), (w, 0.2, back), cloth)
    for x in (-1, 1):
        kit.box(SOFA, (x * (w / 2 - arm / 2), 0.03, side / 2), (arm, d - 0.04, side), cloth)
        if rng.random() < 0.35:
            at = (x * (w / 2 - arm / 2), 0.03, side)
            kit.ball(SOFA, at, (arm * 1.15, d - 0.02, 0.14), cloth)
    for i in range(seats):
        middle = (i - (seats - 1) / 2) * 0.62
        kit.box(SOFA, (middle, 0.08, seat - 0.06), (0.6, d - 0.26, 0.16), cushion)
        kit.box(SOFA, (middle, -d / 2 + 0.28, seat + 0.24), (0.58, 0.16, 0.42), cushion, lean)
    for _ in range(int(rng.integers(0, 3))):
        at = (rng.uniform(-0.4, 0.4) * (w - 2 * arm - 0.4), -d / 2 + 0.46, seat + 0.2)
        kit.ball(SOFA, at, (0.42, 0.18, 0.38), materials.bedding(rng), tilt(22))
    return kit


def chair(rng: np.random.Generator) -> Kit:
    """A dining chair, an office chair or a stool."""
    kit = Kit(rng.uniform(0.4, 0.5), rng.uniform(0.4, 0.5))
    w, d = kit.width, kit.depth
    body = materials.timber(rng) if rng.random() < 0.7 else materials.plain(rng)
    seat = body if rng.random() < 0.5 else materials.fabric(rng)
    style, height = rng.random(), rng.uniform(0.43, 0.48)
    if style < 0.12:  # stool
        height += rng.uniform(0, 0.25)
        kit.can(CHAIR, (0, 0, height), (0.36, 0.36, 0.05), seat)
        _legs(kit, CHAIR, height, body, 0.035, 0.06)
        return kit
    top = height + rng.uniform(0.4, 0.6)
    if style < 0.4:  # office chair
        steel = materials.metal(rng)
        kit.box(CHAIR, (0, 0, height), (w, d, 0.09), seat)
        kit.box(CHAIR, (0, -d / 2 + 0.02, top - 0.24), (w - 0.04, 0.07, 0.48), seat, tilt(-6))
        kit.can(CHAIR, (0, 0, height / 2), (0.06, 0.06, height), steel)
        for k in (0.0, 60.0, 120.0):
            spoke = Kit(0, 0)
            spoke.box(CHAIR, (0, 0, 0.06), (0.56, 0.05, 0.05), steel)
            kit.join(spoke, (0, 0, 0), k)
        return kit
    kit.box(CHAIR, (0, 0, height), (w, d, 0.045), seat)
    _legs(kit, CHAIR, height, body, 0.04, 0.0)
    post = 0.035
    for x in (-1, 1):
        at = (x * (w / 2 - post / 2), -d / 2 + post / 2, (height + top) / 2)
        kit.box(CHAIR, at, (post, post, top - height), body)
    if rng.random() < 0.5:
        middle = (top + height + 0.12) / 2
        kit.box(CHAIR, (0, -d / 2 + 0.02, middle), (w - 0.05, 0.03, top - height - 0.12), seat)
    else:
        for z in np.linspace(height + 0.18, top - 0.04, 3):
            kit.box(CHAIR, (0, -d / 2 + 0.02, z), (w - 0.05, 0.025, 0.07), body)
    return kit


def table(rng: np.random.Generator, low: bool = False) -> Kit:
    """A dining or coffee table, square or round, with things on it."""
    body = materials.timber(rng, rng.choice([0.1, 0.3]))
    height = rng.uniform(0.36, 0.48) if low else rng.uniform(0.71, 0.77)
    if rng.random() < 0.3:
        size = rng.uniform(0.6, 0.9) if low else rng.uniform(0.85, 1.25)
        kit = Kit(size, size)
        kit.can(TABLE, (0, 0, height - 0.02), (size, size, 0.04), body)
        foot = materials.metal(rng) if rng.random() < 0.4 else body
        kit.can(TABLE, (0, 0, height / 2), (0.09, 0.09, height), foot)
        kit.can(TABLE, (0, 0, 0.03), (0.55 * size, 0.55 * size, 0.06), foot, taper=0.5)
    else:
        long = rng.uniform(0.8, 1.2) if low else rng.uniform(1.1, 1.8)
        kit = Kit(long, rng.uniform(0.5, 0.65) if low else rng.uniform(0.75, 0.95))
        kit.box(TABLE, (0, 0, height - 0.02), (kit.width, kit.depth, 0.04), body)
        if rng.random() < 0.6:
            at = (0, 0, height - 0.08)
            kit.box(TABLE, at, (kit.width - 0.12, kit.depth - 0.12, 0.09), body)
        _legs(kit, TABLE, height - 0.02, body, rng.uniform(0.05, 0.09))
    clutter(rng, kit, height, int(rng.integers(1, 5)), 0.6)
    return kit


def desk(rng: np.random.Generator) -> Kit:
    """A desk with a drawer block, often with a monitor, books and clutter."""
    kit = Kit(rng.uniform(1.0, 1.5), rng.uniform(0.55, 0.75))
    w, d = kit.width, kit.depth
    body, height = materials.timber(rng), rng.uniform(0.71, 0.76)
    kit.box(TABLE, (0, 0, height - 0.02), (w, d, 0.035), body)
    _legs(kit, TABLE, height - 0.03, body, 0.05, 0.01)
    side = rng.choice([-1, 1])
    if rng.random() < 0.6:
        kit.box(
            FURNITURE,
            (side * (w / 2 - 0.28), 0, height / 2 - 0.04),
            (0.42, d - 0.1, height - 0.1),
            materials.cabinet(rng),
        )
    if rng.random() < 0.6:
        monitor(rng, kit, (-0.1 * side, -d / 2 + 0.16, height))
    if rng.random() < 0.6:
        book_row(rng, kit, (side * (w / 2 - 0.2), -d / 2 + 0.14, height), rng.uniform(0.2, 0.35))
    clutter(rng, kit, height, int(rng.integers(1, 4)), 0.8, y=(0.05, 0.4))
    return kit


def monitor(rng: np.random.Generator, kit: Kit, at: Vector) -> None:
    """Put a computer screen on a desk."""
    x, y, z = at
    w = rng.uniform(0.42, 0.62)
    h = 0.6 * w
    dark = materials.plain(rng, (0, 0.2), (0.04, 0.2))
    kit.can(TV, (x, y, z + 0.01), (0.2, 0.16, 0.02), dark)
    kit.box(TV, (x, y - 0.02, z + 0.1), (0.05, 0.03, 0.2), dark)
    kit.box(TV, (x, y, z + 0.12 + h / 2), (w, 0.03, h), materials.screen(rng))


def television(rng: np.random.Generator) -> Kit:
    """A low board with a television on it."""
    kit = Kit(rng.uniform(1.1, 1.8), rng.uniform(0.36, 0.45))
    height = rng.uniform(0.4, 0.6)
    kit.box(FURNITURE, (0, 0, height / 2), (kit.width, kit.depth, height), materials.cabinet(rng))
    w = rng.uniform(0.7, 1.15)
    h = 0.57 * w
    dark = materials.plain(rng, (0, 0.2), (0.04, 0.2))
    kit.box(TV, (0, -0.05, height + 0.02), (0.4 * w, 0.2, 0.03), dark)
    kit.box(TV, (0, -0.05, height + 0.06 + h / 2), (w, 0.05, h), materials.screen(rng))
    if rng.random() < 0.5:
        clutter(rng, kit, height, 2, 0.3, x=(0.38, 0.48))
    return kit


def cabinet(rng: np.random.Generator) -> Kit:
    """A wardrobe, a chest of drawers or a night stand."""
    style = rng.random()
    if style < 0.4:
        kit, height = Kit(rng.uniform(0.9, 1.8), rng.uniform(0.5, 0.62)), rng.uniform(1.7, 2.15)
    elif style < 0.8:
        kit, height = Kit(rng.uniform(0.7, 1.4), rng.uniform(0.4, 0.5)), rng.uniform(0.75, 1.15)
    else:
        kit, height = Kit(rng.uniform(0.4, 0.55), rng.uniform(0.36, 0.45)), rng.uniform(0.45, 0.6)
    front = materials.cabinet(rng)
    kit.box(FURNITURE, (0, 0, height / 2), (kit.width, kit.depth, height), front)
    if rng.random() < 0.5:
        rim = (kit.width + 0.05, kit.depth + 0.04, 0.035)
        kit.box(FURNITURE, (0, 0, height + 0.015), rim, materials.timber(rng))
        height += 0.033
    if height < 1.3:
        clutter(rng, kit, height, int(rng.integers(1, 4)), 0.7)
        if rng.random() < 0.35:
            book_row(rng, kit, (0, -kit.depth / 2 + 0.14, height), 0.4 * kit.width)
    return kit


def bookcase(rng: np.random.Generator) -> Kit:
    """Open shelves with rows of books and objects."""
    kit = Kit(rng.uniform(0.6, 1.3), rng.uniform(0.26, 0.36))
    w, d = kit.width, kit.depth
    height, wood = rng.uniform(1.1, 2.1), materials.timber(rng)
    kit.box(FURNITURE, (0, -d / 2 + 0.01, height / 2), (w, 0.02, height), wood)
    for x in (-1, 1):
        kit.box(FURNITURE, (x * (w / 2 - 0.012), 0, height / 2), (0.025, d, height), wood)
    levels = np.linspace(0.06, height - 0.015, max(3, round(height / 0.36)))
    for low, high in zip(levels[:-1], levels[1:], strict=True):
        kit.box(FURNITURE, (0, 0, low), (w, d, 0.025), wood)
        if rng.random() < 0.8:
            length = rng.uniform(0.4, 0.92) * w
            x = rng.choice([-1, 1]) * (w / 2 - 0.03 - length / 2)
            book_row(rng, kit, (x, -0.02, low + 0.0125), length, 0.78 * (high - low))
        else:
            shelf = Kit(w * 0.8, d * 0.6)
            clutter(rng, shelf, low + 0.0125, 2, 0.7, limit=0.6 * (high - low))
            kit.join(shelf, (0, 0, 0))
    kit.box(FURNITURE, (0, 0, levels[-1]), (w, d, 0.025), wood)
    return kit
