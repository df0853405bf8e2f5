"""Procedural textures by name, which give the colour of a point on a shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import motifs, patterns
from .scene import Material
from .spots import Spot

TEXTURES: dict[str, Callable[[Material, Spot], np.ndarray]] = {
    "plain": patterns.plain,
    "wood": patterns.wood,
    "grain": patterns.grain,
    "tiles": patterns.tiles,
    "carpet": patterns.carpet,
    "rug": patterns.rug,
    "stripes": patterns.stripes,
    "damask": patterns.damask,
    "brick": patterns.brick,
    "panelled": patterns.panelled,
    "fabric": patterns.fabric,
    "checks": patterns.checks,
    "quilt": patterns.quilt,
    "books": motifs.books,
    "cabinet": motifs.cabinet,
    "painting": motifs.painting,
    "mirror": motifs.mirror,
    "window": motifs.window,
    "blinds": motifs.blinds,
    "curtain": motifs.curtain,
    "screen": motifs.screen,
    "leaves": patterns.leaves,
    "door": motifs.door,
}


def colour(material: Material, at: Spot) -> np.ndarray:
    """Reflectance of a material.

    Returns:
        RGB in [0, 1], shape (3, N).
    """
    return TEXTURES[material.texture](material, at).clip(0, 1)
