"""Legends of a panel's colours: a colour bar, a sphere of normals, names of classes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .lettering import INK, paper, shortened, width_of, write
from .map_colours import colour_map, full_palette

LINE = 15  # height of a line of text
BAR_HEIGHT = 12
SPHERE = 46  # diameter
NORMALS = ("red: to the right", "green: up", "blue: towards the camera")


def numbers(limits: tuple[float, float], unit: str) -> str:
    """A range with its unit, such as ``0.5 to 4.8 m``."""
    return f"{limits[0]:.3g} to {limits[1]:.3g}{' ' if unit else ''}{unit}"


def averaged(kind: str, maps: Sequence[np.ndarray]) -> str:
    """What is drawn of maps ``(C, H, W)`` with several channels, such as "mean of 3 channels"."""
    channels = max((len(data) for data in maps), default=1)
    return f"mean of {channels} channels" if kind == "channels" and channels > 1 else ""


def colour_bar(
    kind: str,
    title: str,
    limits: tuple[float, float],
    unit: str,
    width: int,
    maps: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """The colours of a range of values, labelled at both ends and in the middle.

    Args:
        kind: Kind of the map.
        title: Title of the bar.
        limits: Values of the first and the last colour.
        unit: Their unit.
        width: Width in pixels.
        maps: What is drawn, ``(C, H, W)`` each; the title says if it is a mean of channels.

    Returns:
        ``(H, width, 3)`` uint8, RGB.
    """
    key = paper(3 * LINE + 2, width)
    words = [f"{title} [{unit}]" if unit else title, averaged(kind, maps)]
    write(key, shortened(", ".join(filter(None, words)), width - 4), (2, LINE - 4))
    inside = max(width - 4, 2)
    ramp = np.linspace(limits[0], limits[1], inside, dtype=np.float32)
    if kind == "depth":
        ramp = np.maximum(ramp, 1e-9)  # a depth of 0 would be drawn as unmeasured
    image = colour_map(kind, ramp[None, None], limits=limits)
    key[LINE : LINE + BAR_HEIGHT, 2 : 2 + inside] = image[:, : max(width - 2, 0)]
    places = ((limits[0], 0.0), ((limits[0] + limits[1]) / 2, 0.5), (limits[1], 1.0))
    taken = 0
    for value, share in places:
        text = f"{value:.3g}"
        left = 2 + round(share * (inside - width_of(text)))
        if left >= taken and left + width_of(text) <= width:
            write(key, text, (left, 2 * LINE + 8))
            taken = left + width_of(text) + 6
    return key


def normal_sphere(title: str, width: int) -> np.ndarray:
    """A sphere in the colours of its normals, with the directions in words.

    Args:
        title: Title of the legend.
        width: Width in pixels.

    Returns:
        ``(H, width, 3)`` uint8, RGB.
    """
    key = paper(LINE + SPHERE + 4, width)
    write(key, shortened(title, width - 4), (2, LINE - 4))
    axis = (np.arange(SPHERE) + 0.5) / SPHERE * 2 - 1
    x, y = np.meshgrid(axis, axis)
    inside = x**2 + y**2 < 1
    # the half that faces the camera: x right, y down, z away from it
    z = -np.sqrt(np.clip(1 - x**2 - y**2, 0, None))
    ball = colour_map("normal", np.stack([x, y, z]).astype(np.float32))
    place = key[LINE : LINE + SPHERE, 2 : 2 + SPHERE]
    shown = min(SPHERE, place.shape[1])
    place[inside[:, :shown]] = ball[:, :shown][inside[:, :shown]]
    for index, text in enumerate(NORMALS):
        room = width - SPHERE - 12
        if room > 0:
            write(key, shortened(text, room), (SPHERE + 8, (index + 2) * LINE - 3))
    return key


def class_legend(
    title: str,
    present: Sequence[int],
    names: Sequence[str],
    palette: np.ndarray | None,
    width: int,
    height: int | None = None,
) -> np.ndarray:
    """Names and colours of classes.

    Args:
        title: Title in the first line; empty for none.
        present: Class ids, in order.
        names: Names of all classes; classes without a name are shown by their id.
        palette: Colours of all classes, ``(K, 3)`` RGB; classes without a colour get one.
        width: Width in pixels.
        height: Height in pixels, which may leave out classes; None for as high as necessary.

    Returns:
        ``(H, width, 3)`` uint8, RGB.
    """
    columns = max(1, width // 150)
    top = LINE if title else 0
    rows = -(-len(present) // columns)
    key = paper(top + rows * LINE + 6 if height is None else height, width)
    if title:
        write(key, shortened(title, width - 4), (2, LINE - 4))
    colours = full_palette(palette, max(present, default=-1) + 1)
    for place, index in enumerate(present[: columns * ((key.shape[0] - top - 4) // LINE)]):
        x = 6 + (place % columns) * (width // columns)
        y = top + 4 + (place // columns) * LINE
        colour = tuple(int(channel) for channel in colours[index])
        cv2.rectangle(key, (x, y), (x + 12, y + 10), colour, -1)
        cv2.rectangle(key, (x, y), (x + 12, y + 10), INK, 1)
        text = names[index] if index < len(names) else f"class {index}"
        write(key, shortened(str(text), width // columns - 26), (x + 18, y + 10))
    return key


def classes_in(maps: Sequence[np.ndarray]) -> list[int]:
    """Class ids that occur in maps ``(1, H, W)``, the most frequent first, without 255."""
    found, counts = np.unique(np.concatenate([m[0].ravel() for m in maps]), return_counts=True)
    return [int(i) for i in found[np.argsort(-counts, kind="stable")] if i != 255]


def footer(keys: Sequence[np.ndarray], width: int, gap: int) -> np.ndarray:
    """Arrange legends side by side below a panel, in as many rows as necessary.

    Args:
        keys: ``(H, W, 3)`` each, none wider than ``width``.
        width: Width of the panel.
        gap: Pixels between legends.

    Returns:
        ``(H', width, 3)`` uint8.
    """
    rows: list[list[np.ndarray]] = []
    used = width + 1
    for key in keys:
        if used + key.shape[1] > width:
            rows.append([])
            used = 0
        rows[-1].append(key)
        used += key.shape[1] + gap
    parts = []
    for row in rows:
        strip = paper(max(key.shape[0] for key in row) + gap, width)
        left = 0
        for key in row:
            strip[gap : gap + key.shape[0], left : left + key.shape[1]] = key
            left += key.shape[1] + gap
        parts.append(strip)
    return np.concatenate(parts) if parts else paper(0, width)
