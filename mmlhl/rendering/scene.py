"""The elements of a scene: shapes with a class and a material, lights, and the exposure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

#: Three numbers: a position, a size or a direction.
Vector: TypeAlias = Sequence[float] | np.ndarray
#: Lowest and highest value.
Span: TypeAlias = tuple[float, float]
#: A seed of ``np.random.default_rng``.
Seed: TypeAlias = int | Sequence[int] | np.random.SeedSequence

_SIGNS = np.array(list(itertools.product((-1, 1), repeat=3)), dtype=float)


@dataclass(frozen=True)
class Material:
    """The appearance of a surface.

    Args:
        texture: Name of a texture in ``textures.TEXTURES``.
        colours: RGB reflectances in [0, 1], shape (K, 3); K depends on the texture.
        scale: Period of the pattern in metres.
        seed: Offset of the pattern's noise.
        gloss: Strength of the highlight, 0 is matt. Above 0.5 a depth sensor fails.
        glow: Emitted light, relative to the surface's reflectance.
    """

    texture: str
    colours: np.ndarray
    scale: float = 0.1
    seed: int = 0
    gloss: float = 0.0
    glow: float = 0.0


@dataclass(frozen=True)
class Shape:
    """A box, an ellipsoid or a (tapered) cylinder in the world.

    Args:
        kind: ``'box'``, ``'ellipsoid'`` or ``'cylinder'``; the axis of a cylinder is its local
            third axis.
        label: Class id.
        centre: Shape (3,), metres.
        half: Half the extent along each local axis, shape (3,), metres.
        rotation: Local to world, shape (3, 3).
        material: Surface.
        taper: A cylinder's radius at its top relative to its bottom.
        item: Number of the piece of furniture that the shape belongs to.
        opaque: Whether the shape casts a shadow.
    """

    kind: str
    label: int
    centre: np.ndarray
    half: np.ndarray
    rotation: np.ndarray
    material: Material
    taper: float = 1.0
    item: int = 0
    opaque: bool = True

    def corners(self) -> np.ndarray:
        """The eight corners of the oriented bounding box, shape (8, 3), metres."""
        return self.centre + (_SIGNS * self.half) @ self.rotation.T


@dataclass(frozen=True)
class Light:
    """A small area light.

    Args:
        position: Shape (3,), metres.
        power: RGB, shape (3,).
        radius: Radius in metres; larger lights have softer shadows.
    """

    position: np.ndarray
    power: np.ndarray
    radius: float = 0.1


@dataclass(frozen=True)
class Scene:
    """A furnished room.

    Args:
        size: Width, depth and height of the room, metres. The room's inside is the box from the
            origin to ``size``; its third axis points up.
        shapes: All surfaces, including the room's own six.
        lights: Point-like lights.
        ambient: RGB light from everywhere, shape (3,).
        exposure: Brightness that the image has at about half of its pixels, in (0, 1).
        tint: White balance, RGB gains, shape (3,).
        noise: Standard deviation of the image noise, in grey levels of 255.
        seed: Seed of the image noise and of soft shadows.
    """

    size: np.ndarray
    shapes: list[Shape]
    lights: list[Light]
    ambient: np.ndarray
    exposure: float = 0.45
    tint: np.ndarray = field(default_factory=lambda: np.ones(3))
    noise: float = 2.0
    seed: int = 0
