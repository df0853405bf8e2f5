"""Pictures on the page, from plots and arrays."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..plot_style import plain_texts
from .document import Picture

#: A larger SVG is replaced by a PNG.
MAX_SVG_BYTES = 600_000
INCH = 96  # CSS pixels
SETTINGS: dict[Any, Any] = {
    "text.parse_math": False,  # dollar signs in a label do not begin a formula
    "svg.hashsalt": "mmlhl",  # the same record makes the same file
    "svg.fonttype": "path",  # letters look the same everywhere
}


def plot(draw: Callable[[], Figure], alt: str, caption: str) -> Picture:
    """Draw a figure as SVG, or as PNG if it has very many points."""
    with matplotlib.rc_context(SETTINGS):
        figure = draw()
        figure.set_facecolor("white")
        width, height = (round(INCH * inches) for inches in figure.get_size_inches())
        file = io.BytesIO()
        plain_texts(figure)
        figure.savefig(file, format="svg", metadata={"Date": None})
        mime = "image/svg+xml"
        if file.tell() > MAX_SVG_BYTES:
            file = io.BytesIO()
            figure.savefig(file, format="png")
            mime = "image/png"
    return Picture(file.getvalue(), mime, width, height, alt, caption)


def photograph(image: np.ndarray, alt: str, caption: str) -> Picture:
    """Encode an array as PNG.

    Args:
        image: ``(H, W, 3)`` uint8, RGB.
        alt: Description of the picture.
        caption: The line below.
    """
    _, data = cv2.imencode(".png", np.ascontiguousarray(image[..., ::-1]))
    return Picture(data.tobytes(), "image/png", image.shape[1], image.shape[0], alt, caption)
