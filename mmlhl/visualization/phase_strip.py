"""One task of one image over the phases: image, ground truth, prediction and error per phase."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .legends import class_legend, classes_in, colour_bar, footer, normal_sphere, numbers
from .lettering import captioned, paper
from .map_colours import checkerboard, colour_map, fit_width, valid_pixels, value_range
from .panel_grid import joined

GAP = 6
#: Largest angle between two normals that face the camera, in degrees.
MAX_ANGLE = 90.0
#: Colour of a wrong class; easy to tell from the black of a correct one for all colour vision.
WRONG = (230, 85, 0)


def error_map(kind: str, prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The error of a prediction at each pixel.

    Args:
        kind: Kind of both maps.
        prediction: ``(C, H, W)``; resized to the truth by nearest neighbours.
        truth: ``(C, H', W')``.

    Returns:
        ``(H', W')`` float32: 1 for a wrong class and 0 for the correct one, the angle in degrees
        for normals (90 for a prediction without direction), otherwise the absolute error in the
        maps' unit (mean over channels); NaN where the truth is unlabelled or unmeasured, or the
        prediction not finite.
    """
    height, width = truth.shape[1:]
    if prediction.shape[1:] != (height, width):
        rows = np.arange(height) * prediction.shape[1] // height
        columns = np.arange(width) * prediction.shape[2] // width
        prediction = prediction[:, rows][:, :, columns]
    measured = valid_pixels(kind, truth)
    if kind == "classes":
        error = (prediction[0] != truth[0]).astype(np.float32)
    elif kind == "normal":
        a, b = (m.astype(np.float64) for m in (prediction, truth))
        cross = np.linalg.norm(np.cross(a, b, axis=0), axis=0)
        error = np.degrees(np.arctan2(cross, (a * b).sum(0)))
        error[(a == 0).all(0)] = 90.0
    else:
        error = np.abs(prediction.astype(np.float64) - truth).mean(0)
    return np.where(measured & np.isfinite(error), error, np.nan).astype(np.float32)


def phase_strip(
    image: np.ndarray,
    truth: np.ndarray,
    predictions: Sequence[tuple[str, np.ndarray]],
    kind: str,
    title: str,
    unit: str = "",
    classes: Sequence[str] = (),
    palette: np.ndarray | None = None,
    width: int = 220,
) -> np.ndarray:
    """Draw a task over the phases: predictions in the first row, their errors below.

    All maps share the scale of the truth, and all errors one scale, from black for no error to
    white, or orange for a wrong class; unlabelled or unmeasured pixels are a grey checkerboard.

    Args:
        image: ``(H, W, 3)`` uint8, RGB.
        truth: ``(C, H', W')``.
        predictions: Name of each phase and its map ``(C, H'', W'')``, in order.
        kind: Kind of the maps.
        title: Name of the task.
        unit: Unit of the maps' values.
        classes: Names of the classes.
        palette: Their colours, ``(K, 3)`` RGB.
        width: Width of each map in pixels.

    Returns:
        ``(H''', W''', 3)`` uint8, RGB.
    """
    picture = fit_width(np.ascontiguousarray(image), width, smooth=True)
    limits = value_range(kind, [truth])
    errors = [error_map(kind, prediction, truth) for _, prediction in predictions]
    worst, error_unit = _error_scale(kind, errors, unit)

    def cell(drawn: np.ndarray, caption: str) -> np.ndarray:
        size = (picture.shape[1], picture.shape[0])
        return captioned(cv2.resize(drawn, size, interpolation=cv2.INTER_NEAREST), caption)

    def coloured(data: np.ndarray) -> np.ndarray:
        return colour_map(kind, data, palette, limits)

    empty = paper(*captioned(picture, "").shape[:2])
    upper = [captioned(picture, "image"), cell(coloured(truth), f"{title} truth")]
    lower = [empty, empty]
    for (name, prediction), error in zip(predictions, errors, strict=True):
        upper.append(cell(coloured(prediction), f"after {name}"))
        if np.isfinite(error).any():
            shown = colour_map("channels", error[None], limits=(0.0, worst))
            if kind == "classes":
                shown[error > 0] = WRONG
        else:
            shown = checkerboard(error.shape)
        what = "orange: wrong" if kind == "classes" else f"error {numbers((0, worst), error_unit)}"
        lower.append(cell(shown, what))
    rows = [joined(row, 1, GAP) for row in (upper, lower)]
    drawn = joined(rows, 0, GAP)
    maps = [truth, *(prediction for _, prediction in predictions)]
    key = _key(kind, maps, title, limits, unit, classes, palette, min(2 * width, drawn.shape[1]))
    if key.shape[0] <= empty.shape[0]:  # it fits below image and truth
        drawn[-empty.shape[0] :][: key.shape[0], : key.shape[1]] = key
        return drawn
    return np.concatenate([drawn, footer([key], drawn.shape[1], GAP)])


def _error_scale(kind: str, errors: Sequence[np.ndarray], unit: str) -> tuple[float, str]:
    """Error that is drawn white, and its unit."""
    if kind in ("classes", "binary"):
        return 1.0, ""
    if kind == "normal":
        return MAX_ANGLE, "deg"
    values = np.concatenate([error[np.isfinite(error)] for error in errors] or [np.zeros(0)])
    return max(float(np.percentile(values, 99)) if values.size else 1.0, 1e-6), unit


def _key(
    kind: str,
    maps: Sequence[np.ndarray],
    title: str,
    limits: tuple[float, float],
    unit: str,
    classes: Sequence[str],
    palette: np.ndarray | None,
    width: int,
) -> np.ndarray:
    if kind == "normal":
        return normal_sphere(title, width)
    if kind == "classes":
        return class_legend(title, classes_in(maps), classes, palette, width)
    return colour_bar(kind, title, limits, unit, width, maps)
