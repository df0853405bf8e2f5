"""Functions on annotation maps for all geometric transforms: finding, filling, resampling.

Class and binary maps are never interpolated and have 255 for unlabelled pixels; float maps are
interpolated among measured pixels only and have NaN elsewhere. ``valid_map`` (uint8) is 1 where
the image shows the scene and 0 where a transform added pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from ..annotation import IGNORE
from .trace import RESTING, record_step

VALID = "valid_map"
_NEAREST_KINDS = ("classes", "binary", VALID)


def annotation_maps(results: dict) -> Iterator[tuple[str, str]]:
    """The maps that move with the image, the valid map included.

    Yields:
        Key of the map and its kind, ``'valid_map'`` for the valid map. Annotations that were read
        after the image was moved are left out.
    """
    resting = results.get(RESTING, ())
    for key, kind in label_kinds(results).items():
        if key not in resting:
            yield key, kind
    if results.get(VALID) is not None:
        yield VALID, VALID


def label_kinds(results: dict) -> dict[str, str]:
    """Key and kind of each annotation map that a sample has.

    Returns:
        Existing maps of ``dense_fields``, and those that other loaders put into ``seg_fields``:
        integers as classes, floats as depth (``gt_depth_map``) or channels.
    """
    kinds = {k: v for k, v in results.get("dense_fields", {}).items() if results.get(k) is not None}
    for key in results.get("seg_fields", []):
        if key in kinds or results.get(key) is None:
            continue
        if np.issubdtype(results[key].dtype, np.floating):
            kinds[key] = "depth" if key == "gt_depth_map" else "channels"
        else:
            kinds[key] = "classes"
    return kinds


def is_plain(results: dict) -> bool:
    """Whether a sample is from one of mmseg's datasets, for which stock transforms are unchanged.

    One that has no labels, or only the paths of them, is not: its pipeline may read them later, and
    what moves the image has to be known by then.
    """
    return not is_multi_task(results) and (
        "label_map" in results or bool(results.get("seg_fields"))
    )


def is_multi_task(results: dict) -> bool:
    """Whether a sample is from a multi-task dataset, its labels read or not."""
    return "dense_fields" in results or "ann_specs" in results


def ensure_valid_map(results: dict, size: tuple[int, int] | None = None) -> None:
    """Add an all-valid map for transforms that add pixels.

    Args:
        results: Pipeline results with ``img``.
        size: (height, width) of the image before; that of ``img`` when None.
    """
    if results.get(VALID) is None:
        results[VALID] = np.ones(results["img"].shape[:2] if size is None else size, np.uint8)


def same_map(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two maps hold the same, NaN in the same places included."""
    if np.array_equal(one, other):  # a comparison with equal NaN takes ten times as long
        return True
    if one.shape != other.shape or not one.dtype.kind == other.dtype.kind == "f":
        return False
    # a few rows first, since most maps that differ do so everywhere
    parts = ((one[::16], other[::16]), (one, other)) if one.ndim > 1 else ((one, other),)
    return all(np.array_equal(first, second, equal_nan=True) for first, second in parts)


def fill_value(kind: str) -> float:
    """Value of pixels that a transform adds.

    Returns:
        255 for integer maps, 0 for the valid map, NaN for float maps.
    """
    if kind == VALID:
        return 0
    return IGNORE if kind in _NEAREST_KINDS else float("nan")


def resize_map(array: np.ndarray, size: tuple[int, int], kind: str) -> np.ndarray:
    """Resize an annotation map.

    Args:
        array: (H, W) or (H, W, K).
        size: New (height, width).
        kind: Kind of the map.

    Returns:
        The map of the new size: nearest neighbour for integer maps; bilinear for float maps, where
        a pixel is measured if at least half of its weight comes from measured pixels, and takes
        its value from those alone; normals have unit length again.
    """
    if array.shape[:2] == tuple(size):
        return array
    wh = (size[1], size[0])
    if kind in _NEAREST_KINDS:
        # unlike INTER_NEAREST it has the same pixel centres as bilinear interpolation
        return cv2.resize(array, wh, interpolation=cv2.INTER_NEAREST_EXACT)
    return _among_measured(array, kind, lambda a: cv2.resize(a, wh, interpolation=cv2.INTER_LINEAR))


def warp_map(
    array: np.ndarray,
    matrix: np.ndarray,
    kind: str,
    size: tuple[int, int] | None = None,
    fill: float | None = None,
) -> np.ndarray:
    """Warp an annotation map by an affine matrix.

    Args:
        array: (H, W) or (H, W, K).
        matrix: (2, 3), from old to new pixel coordinates.
        kind: Kind of the map.
        size: New (height, width); the map's own when None.
        fill: Value of pixels without a source in integer maps; :func:`fill_value` when None.

    Returns:
        The warped map, filled where it has no source; interpolated as in :func:`resize_map`. In a
        float map, pixels that mix image and filling are unmeasured. Normals move with their pixels
        but are not rotated.
    """
    size = tuple(array.shape[:2]) if size is None else size
    wh = (size[1], size[0])
    array = np.ascontiguousarray(array)
    if kind in _NEAREST_KINDS:
        fill = fill_value(kind) if fill is None else fill
        return cv2.warpAffine(array, matrix, wh, flags=cv2.INTER_NEAREST, borderValue=fill)
    inside = cv2.warpAffine(np.ones(array.shape[:2], np.float32), matrix, wh)
    return _among_measured(array, kind, lambda a: _warp_linear(a, matrix, wh), inside < 0.999)


def _warp_linear(array: np.ndarray, matrix: np.ndarray, wh: tuple[int, int]) -> np.ndarray:
    if array.ndim == 2 or array.shape[2] <= 4:
        return cv2.warpAffine(array, matrix, wh, flags=cv2.INTER_LINEAR)
    # OpenCV warps at most four channels at once
    parts = [array[..., i : i + 4] for i in range(0, array.shape[2], 4)]
    warped = [cv2.warpAffine(np.ascontiguousarray(p), matrix, wh) for p in parts]
    return np.concatenate([w.reshape(*w.shape[:2], -1) for w in warped], axis=2)


def _among_measured(
    array: np.ndarray,
    kind: str,
    resample: Callable[[np.ndarray], np.ndarray],
    outside: np.ndarray | None = None,
) -> np.ndarray:
    """Resample a float map so that NaN neither spreads nor turns into a number."""
    total = array
    if array.ndim == 3:
        # the sum of a pixel's channels is finite if all are; adding channel by channel is several
        # times faster than a reduction along a short axis
        total = array[..., 0].copy()
        for channel in range(1, array.shape[2]):
            total += array[..., channel]
    known = np.isfinite(total)
    if known.all() and outside is None:
        out = resample(array)
    else:
        blank = known if array.ndim == 2 else known[..., None]
        out = resample(np.where(blank, array, np.float32(0)))
        out = out.reshape(*out.shape[:2], *array.shape[2:])  # OpenCV drops an axis of length 1
        weight = resample(known.astype(np.float32))
        unknown = weight < 0.5
        if outside is not None:
            unknown |= outside
        weight[unknown] = np.nan
        if kind == "normal":
            # scaling to unit length cancels the weight; only NaN has to be set
            out[..., 0][unknown] = np.nan
        else:
            out /= weight if out.ndim == 2 else weight[..., None]
    out = out.reshape(*out.shape[:2], *array.shape[2:])
    return unit_length(out) if kind == "normal" else out


def unit_length(normals: np.ndarray) -> np.ndarray:
    """Scale normals to length 1, in place.

    Returns:
        The same array; NaN where the mean of opposed normals has no direction.
    """
    length = np.sqrt(np.einsum("hwc,hwc->hw", normals, normals))
    length[length < 1e-3] = np.nan
    normals /= length[..., None]
    return normals


def crop_maps(
    results: dict, top: int, left: int, height: int, width: int, by: object = "crop"
) -> None:
    """Crop the image and all its maps."""
    rows, columns = slice(top, top + height), slice(left, left + width)
    before = results["img"].shape[:2]
    results["img"] = results["img"][rows, columns]
    for key, _ in annotation_maps(results):
        results[key] = results[key][rows, columns]
    results["img_shape"] = results["img"].shape[:2]
    if results["img_shape"] != before:
        record_step(results, "cut", by)


def zoom_depth(results: dict, zoom: float) -> None:
    """Adapt depth to a magnification: objects that look ``zoom`` times greater are as much nearer.

    Args:
        results: Pipeline results. Maps in ``inverse_fields`` hold inverse depth, which grows.
        zoom: Magnification relative to the previous image.
    """
    inverse = results.get("inverse_fields", ())
    for key, kind in annotation_maps(results):
        if kind == "depth":
            factor = zoom if key in inverse else 1.0 / zoom
            results[key] = results[key] * np.float32(factor)
