"""Sampling scenes: a kind of room, its furniture and its lights."""

from __future__ import annotations

import numpy as np

from ..datasets.rooms_classes import CEILING, FLOOR, WALL
from . import clutter, fixtures, furniture, materials
from .kit import Kit
from .planner import INWARD, Planner
from .scene import Light, Scene, Seed, Shape

KINDS = ("bedroom", "living", "dining", "office")


def _shell(rng: np.random.Generator, size: np.ndarray) -> list[Shape]:
    width, depth, height = size
    room = Kit(width, depth)
    thick, middle = 0.3, np.array([width, depth, height]) / 2
    floor, ceiling, wall = materials.floor(rng), materials.ceiling(rng), materials.wall(rng)
    accent = materials.wall(rng) if rng.random() < 0.35 else wall
    outer = size + 2 * thick
    room.box(FLOOR, (*middle[:2], -thick / 2), (outer[0], outer[1], thick), floor, opaque=False)
    at = (*middle[:2], height + thick / 2)
    room.box(CEILING, at, (outer[0], outer[1], thick), ceiling, opaque=False)
    for k, (axis, sign) in enumerate(((1, -1), (0, 1), (1, 1), (0, -1))):
        centre, extent = middle.copy(), outer.copy()
        centre[axis] += sign * (size[axis] + thick) / 2
        extent[axis] = thick
        room.box(WALL, centre, extent, accent if k == 0 else wall, opaque=False)
    if rng.random() < 0.7:  # skirting boards count as wall
        board, tall = materials.timber(rng), rng.uniform(0.06, 0.12)
        for x in (0, width):
            room.box(WALL, (x, middle[1], tall / 2), (0.03, depth, tall), board, opaque=False)
        for y in (0, depth):
            room.box(WALL, (middle[0], y, tall / 2), (width, 0.03, tall), board, opaque=False)
    return room.parts


def _around(
    rng: np.random.Generator, plan: Planner, table: Kit, at: np.ndarray, degrees: float
) -> None:
    # chairs at the sides of a table, some pulled out or turned
    count = int(rng.integers(1, 5))
    angle = np.deg2rad(degrees)
    across = np.array([-np.sin(angle), np.cos(angle)])
    along = np.array([np.cos(angle), np.sin(angle)])
    model = rng.integers(0, 2**31)
    for k in range(count):
        chair = furniture.chair(np.random.default_rng(model))
        side = 1 if k % 2 else -1
        if k < 2 or table.width < 1.3:
            reach = table.depth if k < 2 else table.width
            way = across if k < 2 else along
            turned = degrees + (180 if side > 0 else 0) + (0 if k < 2 else -90)
        else:
            reach, way = table.width, along
            turned = degrees + (180 if side > 0 else 0) - 90
        place = at + side * way * (reach / 2 + rng.uniform(0.0, 0.25))
        if np.all(place > 0.3) and np.all(place < plan.size[:2] - 0.3):
            plan.add(chair, (*place, 0), turned + rng.normal(0, 12))


def _furnish(rng: np.random.Generator, plan: Planner, kind: str) -> None:
    def table(low: bool, chairs: bool) -> None:
        kit = furniture.table(rng, low)
        degrees = float(rng.choice([0.0, 90.0])) + rng.normal(0, 4)
        where = plan.drop(kit, degrees, near=plan.size[:2] * rng.uniform(0.35, 0.65, 2))
        if where is not None and chairs:
            _around(rng, plan, kit, where, degrees)

    if kind == "bedroom":
        plan.stand(furniture.bed(rng))
        if rng.random() < 0.4:
            plan.stand(furniture.bed(rng))
    if kind == "living":
        side = int(rng.integers(4))
        plan.stand(furniture.sofa(rng), side)
        if rng.random() < 0.7:
            plan.stand(furniture.television(rng), (side + 2) % 4)
        if rng.random() < 0.7:
            table(low=True, chairs=False)
        if rng.random() < 0.6:
            plan.stand(furniture.sofa(rng), (side + 1) % 4)
    if kind == "dining":
        table(low=False, chairs=True)
    if kind == "office" or rng.random() < 0.25:
        kit = furniture.desk(rng)
        if plan.stand(kit):
            centre = np.mean([s.centre[:2] for s in plan.shapes if s.item == plan.items], axis=0)
            inward = plan.size[:2] / 2 - centre
            place = centre + 0.65 * inward / np.linalg.norm(inward)
            heading = np.rad2deg(np.arctan2(inward[1], inward[0])) + 90 + rng.normal(0, 25)
            plan.add(furniture.chair(rng), (*place, 0), heading)
    extras = {
        furniture.cabinet: 0.75,
        furniture.bookcase: 0.4,
        furniture.sofa: 0.15,
        furniture.television: 0.12,
        furniture.chair: 0.3,
    }
    for piece, chance in extras.items():
        for _ in range(2):
            if rng.random() < chance:
                plan.stand(piece(rng), gap=0.0 if piece is not furniture.chair else 0.06)
    for piece, chance in (
        (clutter.plant, 0.45),
        (clutter.floor_lamp, 0.3),
        (clutter.floor_thing, 0.4),
        (clutter.floor_thing, 0.3),
    ):
        if rng.random() < chance:
            plan.drop(piece(rng)) if rng.random() < 0.4 else plan.stand(piece(rng))
    if rng.random() < 0.4:
        rug = Kit(rng.uniform(1.2, 2.4), rng.uniform(0.9, 1.6))
        rug.box(FLOOR, (0, 0, 0.006), (rug.width, rug.depth, 0.012), materials.rug(rng))
        plan.add(rug, (*(plan.size[:2] * rng.uniform(0.35, 0.65, 2)), 0), rng.choice([0.0, 90.0]))


def sample_scene(seed: Seed) -> Scene:
    """Sample a furnished room.

    Returns:
        A bedroom, living room, dining room or office.
    """
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(KINDS, p=[0.32, 0.28, 0.2, 0.2]))
    size = np.array([rng.uniform(3.0, 5.6), rng.uniform(3.0, 5.6), rng.uniform(2.3, 3.0)])
    plan = Planner(rng, size)
    plan.shapes += _shell(rng, size)

    day = rng.random() < 0.75
    warm = np.array([1.0, rng.uniform(0.8, 0.95), rng.uniform(0.6, 0.85)])
    cool = np.array([rng.uniform(0.8, 0.95), 0.95, 1.0])
    lights: list[Light] = []
    plan.hang(fixtures.door(rng))
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.12, 0.4, 0.33, 0.15]))):
        glow = rng.uniform(0.9, 1.8) if day else rng.uniform(0.0, 0.08)
        hung = plan.hang(fixtures.window(rng, size[2], glow))
        if hung and day and len(lights) < 2:
            side, foot = hung
            at = np.array([*(foot + 0.35 * INWARD[side]), 1.6])
            lights.append(Light(at, cool * rng.uniform(1.5, 3.5), 0.3))
    if rng.random() < 0.85:
        drop = 0.0 if rng.random() < 0.45 else rng.uniform(0.25, 0.7)
        at = np.array([*(size[:2] * rng.uniform(0.4, 0.6, 2)), size[2]])
        plan.add(fixtures.ceiling_lamp(rng, drop), at, 0.0)
        if not day or not lights or rng.random() < 0.4:
            below = at - (0, 0, drop + 0.25)
            lights.insert(0, Light(below, warm * rng.uniform(2.0, 5.0), 0.15))
    if not lights:
        at = np.array([*(size[:2] * rng.uniform(0.3, 0.7, 2)), size[2] - 0.3])
        lights.append(Light(at, warm * rng.uniform(2.0, 4.0), 0.3))
    if rng.random() < 0.12:
        for x in np.arange(0.5, size[0], rng.uniform(0.8, 1.4)):
            plan.add(fixtures.beam(rng, size[1]), (x, size[1] / 2, size[2]), 90.0)

    _furnish(rng, plan, kind)
    if rng.random() < 0.18:
        plan.hang(fixtures.wall_television(rng))
    if rng.random() < 0.25:
        plan.hang(fixtures.wall_shelf(rng))
    for _ in range(int(rng.integers(0, 5))):
        plan.hang(fixtures.picture(rng))
    return Scene(
        size=size,
        shapes=plan.shapes,
        lights=lights[:2],
        ambient=(warm + cool) / 2 * rng.uniform(0.25, 0.6),
        exposure=rng.uniform(0.36, 0.56),
        tint=1 + rng.normal(0, 0.04, 3),
        noise=rng.uniform(0.8, 4.0),
        seed=int(rng.integers(0, 2**31)),
    )
