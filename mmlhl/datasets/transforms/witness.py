"""The witness: a label map of pixel indices that reveals where a transform moves pixels.

Transforms in mmseg's style treat all ``seg_fields`` alike. So an additional field in which every
pixel stores its own index becomes the map from new pixels to old ones.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from .flip import flip_map
from .maps import VALID, annotation_maps, ensure_valid_map, fill_value, same_map
from .trace import record_step

KEY = "_witness"
_FIRST = 1024.0
"""Offset of the indices, so that no fill value is mistaken for an index."""


def add_witness(results: dict) -> np.ndarray:
    """Add the witness to a sample's ``seg_fields``.

    Returns:
        (H, W) float32, the witness before the transform.
    """
    height, width = results["img"].shape[:2]
    # whole numbers are exact in float32 up to 2^24, images of 4096 x 4096 pixels
    dtype = np.float32 if height * width + _FIRST < 2**24 else np.float64
    places = np.arange(height * width, dtype=dtype).reshape(height, width) + dtype(_FIRST)
    results[KEY] = places.copy()
    results["seg_fields"] = [*results.get("seg_fields", []), KEY]
    return places


def read_witness(results: dict, before: np.ndarray, name: str) -> np.ndarray | None:
    """Remove the witness from the results and read it.

    Args:
        results: Results of the transform.
        before: What :func:`add_witness` returned.
        name: The transform's name.

    Returns:
        (H', W') int64, index of the old pixel or -1; None if nothing moved.

    Raises:
        ValueError: If image and labels have different sizes afterwards, or labels were
            interpolated.
    """
    after = results.pop(KEY, None)
    results["seg_fields"] = [key for key in results.get("seg_fields", []) if key != KEY]
    size = results["img"].shape[:2]
    if after is None or after.shape[:2] != tuple(size):
        raise ValueError(
            f"{name} changes the image to {size[0]}x{size[1]} (height x width), but not its labels "
            "(all of seg_fields); let it move both, or leave it out"
        )
    if after is before or np.array_equal(after, before):
        return None
    index = after.astype(np.float64) - _FIRST
    known = (index >= 0) & (index < before.size)
    if not known.any():
        raise ValueError(unread_message(name, f"{after.dtype}, none of its values is left"))
    if (index[known] != np.floor(index[known])).mean() > 0.01:
        raise ValueError(
            f"{name} interpolates the labels in seg_fields or changes their type to "
            f"{after.dtype}; labels have to be moved by nearest neighbours"
        )
    return np.where(known, index, -1).astype(np.int64)


def same_source(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether pixels moved alike in two calls, by what :func:`read_witness` returned for each."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def unread_message(name: str, fault: str) -> str:
    """Message about a transform that gives other values to the fields that it should move."""
    return (
        f"{name} treats every field in seg_fields as class ids, also the one that is added to see "
        f"how it moves pixels ({fault}). If it moves no pixels, write moves_pixels = False in its "
        "class; if it does, let it keep the type of each field, and change the ids of a label by "
        "name, such as gt_seg_map"
    )


def move_labels(
    results: dict,
    source: np.ndarray,
    before: dict,
    size: tuple,
    name: str,
    own: Collection[str] = (),
) -> None:
    """Move all maps that the transform did not move.

    Args:
        results: Results of the transform.
        source: What :func:`read_witness` returned.
        before: Key -> map before the transform.
        size: (height, width) before it.
        name: The transform's name.
        own: Keys of maps that the transform moves itself.

    Raises:
        ValueError: If normals cannot be rotated accordingly.
    """
    direction = _flip_of(source, size)
    outside = source < 0
    if outside.any():
        ensure_valid_map(results, size)
        before.setdefault(VALID, results[VALID])
    for key, kind in list(annotation_maps(results)):
        if key in own or not _is_untouched(results[key], before.get(key)):
            continue  # moved by the transform itself
        if direction is not None:
            results[key] = flip_map(np.ascontiguousarray(results[key]), direction, kind)
            continue
        array = results[key]
        moved = array.reshape(-1, *array.shape[2:])[np.maximum(source, 0)]
        moved[outside] = fill_value(kind)
        if kind == "normal":
            turn = rotation_of(source, size)
            if turn is None:
                raise ValueError(bending_message(name))
            moved[..., :2] = moved[..., :2] @ turn.T.astype(moved.dtype)
        results[key] = moved
    results["img_shape"] = tuple(results["img"].shape[:2])
    padding = _fit_of(source, size)
    if direction is not None:
        record_step(results, "flip", name, direction=direction)
    elif padding is None:
        record_step(results, "warp", name)
    else:
        left, right, top, bottom = padding
        inner = (source.shape[0] - top - bottom, source.shape[1] - left - right)
        if inner != tuple(size):
            record_step(results, "resize", name, size=tuple(size))
        if any(padding):
            record_step(results, "pad", name, padding=padding)


def _is_untouched(array: np.ndarray, before: np.ndarray | None) -> bool:
    """Whether a map is as before, perhaps as a copy: some transforms copy the whole sample."""
    if before is None or array is before:
        return array is before
    return array.dtype == before.dtype and same_map(array, before)


def _flip_of(source: np.ndarray, size: tuple) -> str | None:
    if source.shape != tuple(size):
        return None
    places = np.arange(source.size).reshape(size)
    views = dict(horizontal=places[:, ::-1], vertical=places[::-1], diagonal=places[::-1, ::-1])
    return next((name for name, view in views.items() if np.array_equal(view, source)), None)


def _fit_of(source: np.ndarray, size: tuple) -> tuple[int, int, int, int] | None:
    """Left, right, top, bottom, if the new image contains the whole old one, perhaps resized."""
    known = source >= 0
    rows, columns = np.flatnonzero(known.any(1)), np.flatnonzero(known.any(0))
    if not len(rows):
        return None
    (top, last), (left, end) = rows[[0, -1]], columns[[0, -1]]
    inside = source[top : last + 1, left : end + 1]
    found = np.divmod(inside, size[1])
    for axis, (places, old, new) in enumerate(zip(found, size, inside.shape, strict=True)):
        centres = np.expand_dims((np.arange(new) + 0.5) * old / new - 0.5, 1 - axis)
        # nearest neighbours are rounded in several ways
        reach = 0.0 if inside.shape == tuple(size) else 0.5 + max(old / new, 1) / 2
        if np.abs(places - centres).max() > reach:
            return None
    bottom, right = source.shape[0] - last - 1, source.shape[1] - end - 1
    return int(left), int(right), int(top), int(bottom)


def is_undone(source: np.ndarray, size: tuple) -> bool:
    """Whether a test can undo a move: a flip, resizing of the whole image, or padding.

    Args:
        source: What :func:`read_witness` returned.
        size: (height, width) before the transform.
    """
    return _flip_of(source, size) is not None or _fit_of(source, size) is not None


def bending_message(name: str) -> str:
    """Why a transform cannot be used with normals, as a sentence."""
    return (
        f"{name} bends the image, and normals cannot follow that; leave it out where normals are "
        "learned"
    )


def rotation_of(source: np.ndarray, size: tuple) -> np.ndarray | None:
    """The matrix by which normals rotate when pixels move.

    Args:
        source: What :func:`read_witness` returned.
        size: (height, width) before the transform.

    Returns:
        The rotation or reflection (2, 2) of an affine motion, in the frame x right, y down; None if
        the motion is not affine: it bends the image.
    """
    rows, columns = np.nonzero(source >= 0)
    places = source[rows, columns]
    old = np.stack([places % size[1], places // size[1], np.ones(len(places))], axis=1)
    new = np.stack([columns, rows], axis=1).astype(float)
    matrix = np.linalg.lstsq(old, new, rcond=None)[0]
    scale = max(np.abs(matrix[:2]).max(), 1.0)
    if np.abs(old @ matrix - new).max() > 1.5 * scale:
        return None
    left, _, right = np.linalg.svd(matrix[:2].T)
    return left @ right
