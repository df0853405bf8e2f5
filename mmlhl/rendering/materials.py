"""Random materials. Classes share colours on purpose, and differ in pattern, shape and place."""

from __future__ import annotations

import colorsys

import numpy as np

from .scene import Material, Span


def tone(
    rng: np.random.Generator,
    saturation: Span = (0.1, 0.7),
    value: Span = (0.2, 0.85),
    hue: Span = (0, 1),
) -> np.ndarray:
    """A random RGB colour from ranges of hue, saturation and value, shape (3,)."""
    h, s, v = (rng.uniform(*span) for span in (hue, saturation, value))
    return np.array(colorsys.hsv_to_rgb(h % 1.0, s, v))


def near(rng: np.random.Generator, colour: np.ndarray, amount: float = 0.15) -> np.ndarray:
    """A colour somewhat lighter or darker than another one, shape (3,)."""
    factor = 1 + rng.choice([-1, 1]) * rng.uniform(0.5, 1) * amount
    return (colour * factor + rng.normal(0, 0.015, 3)).clip(0.02, 0.98)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(0, 4096))


def _timber(rng: np.random.Generator, value: Span = (0.22, 0.8)) -> np.ndarray:
    """Wood colours: mostly brown, sometimes painted white, grey or in a colour."""
    kind = rng.random()
    if kind < 0.7:
        base = tone(rng, (0.25, 0.65), value, (0.04, 0.11))
    elif kind < 0.88:
        base = tone(rng, (0.0, 0.12), (0.3, 0.92))
    else:
        base = tone(rng, (0.2, 0.6), (0.3, 0.75))
    return np.stack([base, near(rng, base, 0.35), tone(rng, (0, 0.3), (0.1, 0.9))])


def timber(rng: np.random.Generator, gloss: float = 0.1) -> Material:
    """Wooden boards."""
    return Material("grain", _timber(rng), 0.1, _seed(rng), gloss)


def cabinet(rng: np.random.Generator) -> Material:
    """Fronts with doors or drawers."""
    return Material("cabinet", _timber(rng), rng.choice([0.28, 0.4, 0.9]), _seed(rng), 0.1)


def metal(rng: np.random.Generator) -> Material:
    """Dark, white or bright metal; a depth sensor fails on bright metal."""
    bright = rng.random() < 0.4
    base = tone(rng, (0, 0.15), (0.6, 0.85) if bright else (0.05, 0.35))
    return Material("plain", np.stack([base]), 0.1, _seed(rng), 0.9 if bright else 0.3)


def gloss(rng: np.random.Generator) -> Material:
    """Porcelain, glass, lacquer."""
    return Material("plain", np.stack([tone(rng, (0, 0.8), (0.15, 0.95))]), 0.1, _seed(rng), 0.8)


def plain(
    rng: np.random.Generator, saturation: Span = (0.1, 0.8), value: Span = (0.15, 0.9)
) -> Material:
    """A single matt colour."""
    return Material("plain", np.stack([tone(rng, saturation, value)]), 0.1, _seed(rng))


def fabric(rng: np.random.Generator) -> Material:
    """Upholstery."""
    base = tone(rng, (0.05, 0.65), (0.12, 0.8))
    texture = rng.choice(["fabric", "fabric", "fabric", "checks", "stripes"])
    colours = np.stack([base, near(rng, base, 0.3)])
    return Material(str(texture), colours, rng.uniform(0.06, 0.16), _seed(rng))


def bedding(rng: np.random.Generator) -> Material:
    """Quilts and blankets."""
    base = tone(rng, (0.0, 0.6), (0.35, 0.95))
    other = near(rng, base, 0.25) if rng.random() < 0.6 else tone(rng)
    texture = rng.choice(["quilt", "quilt", "checks", "stripes", "damask"])
    return Material(str(texture), np.stack([base, other]), rng.uniform(0.12, 0.32), _seed(rng))


def wall(rng: np.random.Generator) -> Material:
    """Paint, wallpaper, bricks, panels, tiles."""
    hue = (0, 1) if rng.random() < 0.45 else (0.05, 0.2)
    base = tone(rng, (0.0, 0.38), (0.5, 0.95), hue)
    if rng.random() < 0.15:
        base = tone(rng, (0.3, 0.6), (0.25, 0.6))
    texture = rng.choice(
        ["plain", "stripes", "damask", "brick", "panelled", "tiles"],
        p=[0.58, 0.12, 0.12, 0.06, 0.06, 0.06],
    )
    scale = {"brick": 0.26, "panelled": 0.14, "tiles": 0.2}.get(texture, rng.uniform(0.1, 0.3))
    colours = [base, near(rng, base, 0.08), near(rng, base, 0.3)]
    if texture == "brick":
        base = tone(rng, (0.2, 0.6), (0.4, 0.8), (0.0, 0.07))
        colours = [base, near(rng, base, 0.3), tone(rng, (0, 0.1), (0.6, 0.8))]
    return Material(str(texture), np.stack(colours), scale, _seed(rng), 0.02)


def floor(rng: np.random.Generator) -> Material:
    """Parquet, tiles, carpet, lino."""
    texture = str(rng.choice(["wood", "tiles", "carpet", "plain"], p=[0.45, 0.22, 0.25, 0.08]))
    if texture == "wood":
        base = tone(rng, (0.2, 0.6), (0.25, 0.8), (0.04, 0.11))
        colours = [base, near(rng, base, 0.3)]
        return Material(texture, np.stack(colours), rng.uniform(0.07, 0.16), _seed(rng), 0.25)
    hue = (0, 1) if rng.random() < 0.5 else (0.03, 0.15)
    base = tone(rng, (0.02, 0.4), (0.25, 0.85), hue)
    colours = [base, near(rng, base, 0.25), near(rng, base, 0.5)]
    shine = {"tiles": 0.4, "plain": 0.15}.get(texture, 0.0)
    return Material(texture, np.stack(colours), rng.uniform(0.25, 0.5), _seed(rng), shine)


def ceiling(rng: np.random.Generator) -> Material:
    """White or off-white, sometimes panelled."""
    base = tone(rng, (0.0, 0.08), (0.75, 0.97))
    texture = str(rng.choice(["plain", "panelled", "tiles"], p=[0.8, 0.1, 0.1]))
    colours = [base, near(rng, base, 0.05), near(rng, base, 0.15)]
    return Material(texture, np.stack(colours), 0.6 if texture == "tiles" else 0.2, _seed(rng))


def rug(rng: np.random.Generator) -> Material:
    """Concentric patterns in three colours."""
    base = tone(rng, (0.2, 0.7), (0.25, 0.8))
    colours = [base, near(rng, base, 0.4), tone(rng, (0.1, 0.6), (0.3, 0.9))]
    return Material("rug", np.stack(colours), rng.uniform(0.2, 0.5), _seed(rng))


def books(rng: np.random.Generator) -> Material:
    """A row of spines."""
    colours = np.stack([tone(rng, (0.1, 0.85), (0.15, 0.85)) for _ in range(9)])
    return Material("books", colours, rng.uniform(0.025, 0.045), _seed(rng))


def painting(rng: np.random.Generator) -> Material:
    """A framed picture."""
    colours = [tone(rng, (0, 0.5), (0.08, 0.8))] + [
        tone(rng, (0.2, 0.9), (0.2, 0.95)) for _ in range(3)
    ]
    return Material("painting", np.stack(colours), 0.1, _seed(rng), 0.1)


def mirror(rng: np.random.Generator) -> Material:
    """A framed mirror, on which a depth sensor fails."""
    colours = [_timber(rng)[0], tone(rng, (0, 0.15), (0.3, 0.5)), tone(rng, (0, 0.15), (0.7, 0.9))]
    return Material("mirror", np.stack(colours), 0.1, _seed(rng), 1.0)


def window(rng: np.random.Generator, glow: float) -> Material:
    """Panes with a view, whose brightness depends on the time of day."""
    frame = tone(rng, (0, 0.15), (0.75, 0.95)) if rng.random() < 0.7 else _timber(rng)[0]
    low = tone(rng, (0.0, 0.25), (0.85, 1.0), (0.5, 0.65))
    high = tone(rng, (0.15, 0.55), (0.7, 1.0), (0.54, 0.62))
    ground = tone(rng, (0.15, 0.6), (0.25, 0.6), (0.05, 0.4))
    colours = np.stack([frame, low, high, ground])
    return Material("window", colours, rng.uniform(0.45, 0.8), _seed(rng), 0.7, glow)


def curtain(rng: np.random.Generator, glow: float) -> Material:
    """Hanging folds."""
    base = tone(rng, (0.0, 0.6), (0.35, 0.95))
    return Material(
        "curtain",
        np.stack([base, near(rng, base, 0.3)]),
        rng.uniform(0.07, 0.13),
        _seed(rng),
        0,
        glow,
    )


def blinds(rng: np.random.Generator, glow: float) -> Material:
    """Horizontal slats."""
    base = tone(rng, (0.0, 0.3), (0.65, 0.98))
    return Material("blinds", np.stack([base]), rng.uniform(0.05, 0.08), _seed(rng), 0, glow)


def screen(rng: np.random.Generator) -> Material:
    """A television or monitor, off or on."""
    on = rng.random() < 0.35
    dark = [tone(rng, (0, 0.2), (0.03, 0.1)), tone(rng, (0, 0.3), (0.02, 0.06))]
    last = (0.3, 0.9) if on else (0.12, 0.25)
    colours = dark + [tone(rng, (0, 0.3), last), tone(rng, (0.3, 0.9), (0.3, 0.9))]
    return Material("screen", np.stack(colours), 0.1, _seed(rng), 0.7, 0.8 if on else 0.0)


def leaves(rng: np.random.Generator) -> Material:
    """Foliage."""
    base = tone(rng, (0.4, 0.8), (0.2, 0.55), (0.22, 0.38))
    return Material("leaves", np.stack([near(rng, base, 0.5), base]), 0.1, _seed(rng))


def door(rng: np.random.Generator) -> Material:
    """A panelled door with its frame and knob."""
    return Material("door", _timber(rng, (0.35, 0.9)), 0.1, _seed(rng), 0.1)


def lamp(rng: np.random.Generator, lit: bool) -> Material:
    """A lamp shade."""
    base = tone(rng, (0.0, 0.35), (0.75, 0.98), (0.08, 0.16))
    return Material("plain", np.stack([base]), 0.1, _seed(rng), 0.0, 1.3 if lit else 0.0)
