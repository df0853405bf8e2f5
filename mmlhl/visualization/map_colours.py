"""Colours of single maps: classes, depth, normals, channels, binary maps."""

from functools import lru_cache

import cv2
import numpy as np

KINDS = ("classes", "binary", "depth", "normal", "channels")
#: Kinds of the fields that the package's heads write by default.
FIELD_KINDS = dict(sem_seg="classes", depth_map="depth", normal_map="normal")
#: Default units of the values, by kind.
UNITS = dict(classes="class id", depth="m", normal="unit vector", binary="probability")


def guess_kind(field: str, data: np.ndarray) -> str:
    """Guess the kind of a map by its field and values.

    Args:
        field: Name of the field, such as 'edge_map'.
        data: The map, shape (C, H, W); the ground truth if there is one, since the prediction of a
            binary task may be a probability.

    Returns:
        One of 'classes', 'binary', 'depth', 'normal' and 'channels'.
    """
    if field in FIELD_KINDS:
        return FIELD_KINDS[field]
    if data.dtype.kind in "biu":
        return "binary" if set(np.unique(data)) <= {0, 1, 255} else "classes"
    if "normal" in field and len(data) == 3:
        return "normal"
    return "depth" if "depth" in field or "disparity" in field else "channels"


def default_palette(classes: int) -> np.ndarray:
    """Default colours for classes: hues by the golden ratio, in three shades.

    Returns:
        Shape (classes, 3), uint8, RGB.
    """
    from matplotlib.colors import hsv_to_rgb  # here, so that `import mmlhl` does not import it

    index = np.arange(classes)
    hsv = np.stack(
        [index * 0.618034 % 1, np.full(classes, 0.75), np.array([0.95, 0.75, 0.55])[index % 3]], -1
    )
    return (hsv_to_rgb(hsv) * 255).round().astype(np.uint8)


def full_palette(palette: np.ndarray | None, count: int) -> np.ndarray:
    """A palette extended to at least ``count`` colours."""
    known = np.asarray([] if palette is None else palette, np.uint8).reshape(-1, 3)
    more = default_palette(count)[len(known) :] if count > len(known) else known[:0]
    return np.concatenate([known, more])


def value_range(kind: str, maps: list[np.ndarray]) -> tuple[float, float]:
    """The range of values that is drawn in colours, for ground truth and prediction together.

    Args:
        kind: 'depth', 'channels' or 'binary'.
        maps: Maps of shape (C, H, W); the first with a measured value determines the range, so
            put the ground truth first.

    Returns:
        Percentiles 1 and 99 of the measured values, so that a few outliers do not use up the
        colours; (0, 1) for binary maps or if nothing is measured.
    """
    if kind == "binary":
        return 0.0, 1.0
    for data in maps:
        values = _grey(data)[valid_pixels(kind, data)]
        if values.size:
            low, high = np.percentile(values, [1, 99])
            return float(low), float(max(high, low + 1e-6 * max(abs(low), 1)))
    return 0.0, 1.0


def valid_pixels(kind: str, data: np.ndarray) -> np.ndarray:
    """Which pixels of a map are labelled or measured.

    Returns:
        Shape (H, W), bool.
    """
    if kind in ("classes", "binary"):
        return data[0] != 255
    finite = np.isfinite(data).all(0)
    if kind == "depth":
        return finite & (data[0] > 0)
    if kind == "normal":
        return finite & (np.abs(np.nan_to_num(data)).sum(0) > 0)
    return finite


def colour_map(
    kind: str,
    data: np.ndarray,
    palette: np.ndarray | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
) -> np.ndarray:
    """Colour a map.

    Classes use the palette; depth the perceptually uniform viridis (dark is near); normals the
    usual RGB, where right is red, up is green and towards the camera is blue, that is
    ``(x + 1, 1 - y, 1 - z) / 2`` in a frame of x right, y down and z forward; channels and binary
    maps grey (the mean of several channels). Unlabelled or unmeasured pixels become a grey
    checkerboard, unlike any other pixels.

    Args:
        kind: Kind of the map.
        data: Shape (C, H, W).
        palette: Colours of the classes, shape (K, 3), RGB; None for those of
            :func:`default_palette`.
        limits: Values of the darkest and brightest colour.

    Returns:
        Shape (H, W, 3), uint8, RGB.

    Raises:
        ValueError: If the kind is unknown.
    """
    measured = valid_pixels(kind, data)
    if kind == "classes":
        labels = np.where(measured, data[0], 0).astype(np.int64)
        image = full_palette(palette, int(labels.max(initial=0)) + 1)[labels]
    elif kind == "normal":
        vectors = np.nan_to_num(data.astype(np.float32))
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=0), 1e-12)
        vectors = vectors * np.array([1, -1, -1], np.float32)[:, None, None]
        image = ((vectors + 1) * 127.5).round().astype(np.uint8).transpose(1, 2, 0)
    elif kind in ("depth", "channels", "binary"):
        low, high = limits
        values = np.where(measured, np.nan_to_num(_grey(data)), low)
        steps = (np.clip((values - low) / (high - low), 0, 1) * 255).round().astype(np.uint8)
        if kind == "depth":
            image = _depth_colours()[steps]
        else:
            image = np.repeat(steps[..., None], 3, axis=-1)
    else:
        raise ValueError(f"A map must be of kind {', '.join(KINDS)}, not {kind!r}")
    return np.where(measured[..., None], image, checkerboard(measured.shape))


def checkerboard(shape: tuple[int, int]) -> np.ndarray:
    """The pattern of unmeasured pixels, shape (H, W, 3), uint8."""
    height, width = shape
    square = max(2, max(shape) // 48)
    rows, columns = np.mgrid[:height, :width] // square
    board = np.where((rows + columns) % 2, 105, 135).astype(np.uint8)
    return np.repeat(board[..., None], 3, axis=-1)


def fit_width(image: np.ndarray, width: int, smooth: bool) -> np.ndarray:
    """Scale a picture to a width, keeping its aspect ratio.

    Args:
        image: Shape (H, W, 3), uint8.
        width: New width in pixels.
        smooth: Interpolate, as for photographs; otherwise nearest neighbours, as for maps.

    Returns:
        Shape (H', width, 3), uint8.
    """
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    shrinks = width < image.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=way if smooth else cv2.INTER_NEAREST)


@lru_cache(maxsize=1)
def _depth_colours() -> np.ndarray:
    """Viridis from near to far, shape (256, 3), uint8, RGB."""
    from matplotlib import colormaps  # here, so that `import mmlhl` does not import it

    return (colormaps["viridis"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def _grey(data: np.ndarray) -> np.ndarray:
    return data.astype(np.float32).mean(0)
