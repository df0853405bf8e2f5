"""Placing pieces in a room without collisions."""

from __future__ import annotations

import numpy as np

from .kit import Kit
from .scene import Shape, Vector

INWARD = np.array([[0, 1], [-1, 0], [0, -1], [1, 0]])
"""Inward direction of each wall; a piece at wall k is turned by 90 k degrees."""


class Planner:
    """Places kits in a room and keeps track of occupied floor and wall."""

    def __init__(self, rng: np.random.Generator, size: np.ndarray) -> None:
        self.rng, self.size = rng, size
        self.shapes: list[Shape] = []
        self.taken: list[tuple[float, float, float, float]] = []
        self.hung: list[list[tuple[float, float]]] = [[] for _ in range(4)]
        self.items = 0

    def add(self, kit: Kit, at: Vector, degrees: float) -> None:
        """Put a kit anywhere, as a new item."""
        self.items += 1
        self.shapes += kit.placed(at, degrees, self.items)

    def _free(self, x: float, y: float, half_x: float, half_y: float) -> bool:
        width, depth = self.size[:2]
        if x - half_x < 0 or y - half_y < 0 or x + half_x > width or y + half_y > depth:
            return False
        return all(
            x + half_x <= a or b <= x - half_x or y + half_y <= c or d <= y - half_y
            for a, b, c, d in self.taken
        )

    def _length(self, wall: int) -> float:
        return float(self.size[wall % 2])

    def _foot(self, wall: int, along: float) -> np.ndarray:
        width, depth = self.size[:2]
        return np.array(
            [(along, 0), (width, along), (width - along, depth), (0, depth - along)][wall]
        )

    def stand(self, kit: Kit, wall: int | None = None, gap: float = 0.02) -> bool:
        """Put a kit with its back to a wall; return whether there was space for it."""
        for _ in range(12):
            side = int(self.rng.integers(4)) if wall is None else wall
            spare = self._length(side) - kit.width
            if spare < 0.05:
                continue
            along = kit.width / 2 + spare * self.rng.beta(0.8, 0.8)
            x, y = self._foot(side, along) + INWARD[side] * (kit.depth / 2 + gap + 0.03)
            half = np.array([kit.width, kit.depth]) / 2 + 0.03
            half_x, half_y = half if side % 2 == 0 else half[::-1]
            if self._free(x, y, half_x, half_y):
                self.taken.append((x - half_x, x + half_x, y - half_y, y + half_y))
                self.add(kit, (x, y, 0), 90.0 * side)
                return True
        return False

    def drop(
        self, kit: Kit, degrees: float | None = None, near: Vector | None = None
    ) -> np.ndarray | None:
        """Put a kit on free floor; return its position, or None if there was no space for it."""
        for _ in range(12):
            angle = self.rng.uniform(0, 360) if degrees is None else degrees
            c, s = np.abs(np.cos(np.deg2rad(angle))), np.abs(np.sin(np.deg2rad(angle)))
            half_x = (c * kit.width + s * kit.depth) / 2 + 0.03
            half_y = (s * kit.width + c * kit.depth) / 2 + 0.03
            if near is None:
                x, y = self.rng.uniform(0.08, 0.92, 2) * self.size[:2]
            else:
                x, y = np.asarray(near) + self.rng.normal(0, 0.12, 2)
            if self._free(x, y, half_x, half_y):
                self.taken.append((x - half_x, x + half_x, y - half_y, y + half_y))
                self.add(kit, (x, y, 0), angle)
                return np.array([x, y])
        return None

    def hang(self, kit: Kit, wall: int | None = None) -> tuple[int, np.ndarray] | None:
        """Hang a kit on a free part of a wall; return wall and position, or None."""
        for _ in range(8):
            side = int(self.rng.integers(4)) if wall is None else wall
            spare = self._length(side) - kit.width - 0.2
            if spare < 0:
                continue
            along = kit.width / 2 + 0.1 + spare * self.rng.random()
            low, high = along - kit.width / 2 - 0.08, along + kit.width / 2 + 0.08
            if all(high <= a or b <= low for a, b in self.hung[side]):
                self.hung[side].append((low, high))
                foot = self._foot(side, along)
                self.add(kit, (*foot, 0), 90.0 * side)
                return side, foot
        return None
