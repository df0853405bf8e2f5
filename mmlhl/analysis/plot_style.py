"""Styles of methods that are distinguishable in colour, in grey and by the colour-blind."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..files import atomic_path

#: Okabe and Ito's colours, distinguishable with any colour vision, without yellow (too pale for
#: lines on paper) and with black first for the baseline.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS = ("X", "o", "s", "^", "D", "v", "P", "*")
LINES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
#: panels of a figure; more would take minutes to draw
MOST_PANELS = 60
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "oo", "++")


@dataclass(frozen=True)
class Look:
    """The style of a method in all plots.

    Attributes:
        colour: Hex colour.
        marker: Marker of matplotlib.
        line: Line style of matplotlib.
        hatch: Hatch of matplotlib.
    """

    colour: str
    marker: str
    line: str | tuple
    hatch: str


def looks(labels: list[str]) -> dict[str, Look]:
    """Give each method a style; cycles of different lengths make up to 56 of them distinct.

    Returns:
        Styles by name.
    """
    return {
        label: Look(
            COLOURS[i % len(COLOURS)],
            MARKERS[i % len(MARKERS)],
            LINES[i % len(LINES)],
            HATCHES[i % len(HATCHES)],
        )
        for i, label in enumerate(labels)
    }


def new_figure(width: float, height: float) -> Figure:
    """An empty figure whose layout keeps labels inside, independent of pyplot's global state.

    Args:
        width: Inches.
        height: Inches.
    """
    return Figure(figsize=(width, height), layout="constrained", dpi=150)


def stacked_axes(panels: int, unit: float, more: float) -> tuple[Figure, Any]:
    """Panels below each other in a figure, with one axis of iterations.

    Args:
        panels: Number of panels.
        unit: Height of a panel in inches.
        more: Height of what is above and below them.

    Returns:
        The figure and its axes, from the top.

    Raises:
        ValueError: If there are more than 60.
    """
    if panels > MOST_PANELS:
        raise ValueError(f"{panels} curves of their own are to be drawn, at most {MOST_PANELS} can")
    figure = new_figure(8.5, more + unit * panels)
    return figure, figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]


def plain_axes(axes: Axes) -> None:
    """Remove the frame's top and right, and put a light grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)


def plain_texts(figure: Figure) -> None:
    """Draw names with dollar signs as they are written, not as formulas, which may be none.

    Args:
        figure: The figure; the numbers that matplotlib itself writes as formulas stay.
    """
    for axes in figure.axes:  # fills in the labels of ticks
        axes.get_xticklabels(which="both"), axes.get_yticklabels(which="both")
    for text in figure.findobj(Text):
        written = text.get_text()
        if "$" in written and "\\math" not in written:
            text.set_parse_math(False)


def save_figure(figure: Figure, path: str | os.PathLike) -> None:
    """Write a figure in one atomic step, into a folder that is made if necessary."""
    plain_texts(figure)
    kind = Path(path).suffix.lstrip(".").lower()
    with atomic_path(path, sync=False) as temporary:
        figure.savefig(temporary, format=kind)
