"""Composing a piece of furniture of shapes in its own frame, and placing it in the room."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .scene import Material, Shape, Vector


def turn(degrees: float) -> np.ndarray:
    """Rotation around the vertical axis, shape (3, 3)."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def tilt(degrees: float) -> np.ndarray:
    """Rotation around the first axis, shape (3, 3)."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


@dataclass
class Kit:
    """A piece of furniture around the origin, with x to its right, y to the front and z up.

    Args:
        width: Footprint along x, metres.
        depth: Footprint along y, metres.
        parts: Its shapes.
    """

    width: float
    depth: float
    parts: list[Shape] = field(default_factory=list)

    def _add(
        self,
        kind: str,
        label: int,
        centre: Vector,
        size: Vector,
        material: Material,
        rotation: np.ndarray | None = None,
        taper: float = 1.0,
        opaque: bool = True,
    ) -> None:
        self.parts.append(
            Shape(
                kind,
                label,
                np.array(centre, dtype=float),
                np.maximum(np.array(size, dtype=float) / 2, 1e-3),
                np.eye(3) if rotation is None else rotation,
                material,
                taper,
                opaque=opaque,
            )
        )

    def box(
        self,
        label: int,
        centre: Vector,
        size: Vector,
        material: Material,
        rotation: np.ndarray | None = None,
        opaque: bool = True,
    ) -> None:
        """Add a box by its centre and full size, metres."""
        self._add("box", label, centre, size, material, rotation, opaque=opaque)

    def ball(
        self,
        label: int,
        centre: Vector,
        size: Vector,
        material: Material,
        rotation: np.ndarray | None = None,
    ) -> None:
        """Add an ellipsoid by its centre and full size, metres."""
        self._add("ellipsoid", label, centre, size, material, rotation)

    def can(
        self,
        label: int,
        centre: Vector,
        size: Vector,
        material: Material,
        taper: float = 1.0,
        rotation: np.ndarray | None = None,
        opaque: bool = True,
    ) -> None:
        """Add a cylinder by its centre and full size, metres."""
        self._add("cylinder", label, centre, size, material, rotation, taper, opaque)

    def join(self, other: Kit, at: Vector, degrees: float = 0.0) -> None:
        """Add all parts of another piece, turned and moved."""
        self.parts += other.placed(at, degrees)

    def placed(self, at: Vector, degrees: float, item: int = 0) -> list[Shape]:
        """The shapes turned by ``degrees`` around the vertical and moved to ``at``."""
        rotation = turn(degrees)
        offset = np.array(at, dtype=float)
        return [
            Shape(
                part.kind,
                part.label,
                rotation @ part.centre + offset,
                part.half,
                rotation @ part.rotation,
                part.material,
                part.taper,
                item,
                part.opaque,
            )
            for part in self.parts
        ]
