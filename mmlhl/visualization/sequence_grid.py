"""The maps of one image over a sequence: one row per task, one column per phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .legends import averaged, numbers
from .lettering import captioned, paper
from .map_colours import colour_map, fit_width, value_range
from .panel_grid import joined

GAP = 6


@dataclass(frozen=True)
class GridRow:
    """A task of the grid.

    Attributes:
        title: Name of the task.
        kind: Kind of its maps.
        truth: ``(C, H, W)``; None if the image has no annotation of the task.
        predictions: Maps ``(C, H', W')`` by name of the phase, for phases that have the task.
        palette: Colours of classes, ``(K, 3)`` RGB.
        unit: Unit of the values.
    """

    title: str
    kind: str
    truth: np.ndarray | None
    predictions: Mapping[str, np.ndarray]
    palette: np.ndarray | None = None
    unit: str = ""


def sequence_grid(
    image: np.ndarray, phases: Sequence[str], rows: Sequence[GridRow], width: int = 160
) -> np.ndarray:
    """Draw the image, and for each task the truth and the prediction after each phase.

    Maps of a task share the range of its truth, or else of its first prediction. The cells of
    phases before a task was learned, and of a truth that is not known, are empty.

    Args:
        image: ``(H, W, 3)`` uint8, RGB.
        phases: Names of the phases, in order.
        rows: The tasks.
        width: Width of each map in pixels.

    Returns:
        ``(H', W', 3)`` uint8, RGB.
    """
    picture = fit_width(np.ascontiguousarray(image), width, smooth=True)
    size = (picture.shape[1], picture.shape[0])
    empty = paper(*captioned(picture, "").shape[:2])
    lines = []
    for number, row in enumerate(rows):
        known = row.predictions.values() if row.truth is None else [row.truth]
        limits = value_range(row.kind, list(known))
        scale = f" {numbers(limits, row.unit)}" if row.kind in ("depth", "channels") else ""
        scale += " (mean)" if averaged(row.kind, list(known)) else ""

        def cell(
            data: np.ndarray, caption: str, row: GridRow = row, limits: tuple = limits
        ) -> np.ndarray:
            drawn = colour_map(row.kind, data, row.palette, limits)
            return captioned(cv2.resize(drawn, size, interpolation=cv2.INTER_NEAREST), caption)

        cells = [captioned(picture, "image") if number == 0 else empty]
        cells.append(empty if row.truth is None else cell(row.truth, f"{row.title} truth{scale}"))
        for phase in phases:
            prediction = row.predictions.get(phase)
            if prediction is None:
                cells.append(empty)
                continue
            first = row.truth is None and all(c is empty for c in cells[1:])
            cells.append(cell(prediction, f"after {phase}{scale if first else ''}"))
        lines.append(joined(cells, 1, GAP))
    return joined(lines, 0, GAP)
