"""Doubts about labels whose numbers are shown by palettes that differ from file to file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .annotation import Annotation
from .reading import decode_image, is_array, read_bytes
from .reading.shown_greys import palette_of

Shown = dict[int, tuple[int, ...]]
"""Stored number -> its colour."""


def shown_colours(content: bytes, path: str) -> Shown:
    """Colours of the numbers that a label with a palette holds.

    Returns:
        They; empty for labels without a palette, or with one of greys.

    Raises:
        ValueError: If it is not an image.
    """
    palette = palette_of(content)
    if palette is None or (palette == palette[:, :1]).all():
        return {}
    numbers = np.unique(decode_image(content, path))
    return {int(i): tuple(palette[i].tolist()) for i in numbers if i < len(palette)}


def ids_may_be_colours(ann: Annotation, path: str) -> bool:
    """Whether a label holds numbers that are ids, perhaps with a palette."""
    numbers = ann.threshold is None and not ann.coloured and ann.reader is None
    return ann.is_integer and ann.source is None and numbers and not is_array(path)


class Palettes:
    """What the palettes of a set's labels say of each number."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[int, ...], str]] = {}
        self._conflict = ""

    def add(self, path: str, shown: Mapping[int, tuple[int, ...]]) -> None:
        """Compare one more label with those before."""
        for number, colour in shown.items():
            other, where = self._known.setdefault(number, (colour, path))
            if other != colour and not self._conflict:
                self._conflict = f"{number} is {other} in {where!r}, but {colour} in {path!r}"

    def sentence(self, name: str) -> str:
        """A warning if a number has several colours."""
        if not self._conflict:
            return ""
        return (
            f"palettes of {name!r} differ: {self._conflict}. The numbers are taken as ids; if the "
            "colours are right, as after a program that makes files smaller, set id_map={(red, "
            "green, blue): class, ...}"
        )


def look_at_palettes(paths: Sequence[str], ann: Annotation, backend_args: dict | None) -> str:
    """Compare the palettes of some labels.

    Returns:
        A warning; empty if there is no doubt.
    """
    palettes = Palettes()
    for path in paths:
        if not ids_may_be_colours(ann, path):
            continue
        try:
            palettes.add(path, shown_colours(read_bytes(path, ann.name, backend_args), path))
        except (OSError, ValueError):
            continue  # reading it for training raises the error
    return palettes.sentence(ann.name)
