"""Decoding of normals: unit vectors in our camera frame, NaN where missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..annotation import Annotation
from .measures import holds_mark

_AXES = {"x": 0, "y": 1, "z": 2}
_COLOURS = (1, 255, 65535)  # possible values of white if normals are stored as colours
SHORT = 0.1  # zero vectors and grey (128, 128, 128) are below; no rounded unit vector is
_LONG = 1.5


def decode_normal(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Unit normals in our camera frame.

    Args:
        raw: (H, W, 3) stored numbers.
        ann: Scale, offset, marks and axes.
        path: File, for messages.

    Returns:
        (H, W, 3) float32, NaN where missing.

    Raises:
        ValueError: If there are not three channels, if there are NaN or infinity that are not in
            ``invalid``, or lengths of vectors that reveal colours or a wrong scale.
    """
    out, length, missing = _vectors(raw, ann, path)
    length[missing] = 1.0
    if not np.isfinite(length.sum()):
        raise ValueError(
            f"{path}: NaN or infinity in normal annotation {ann.name!r}, where unit vectors were "
            "expected; list 'nan' in 'invalid' if it means missing"
        )
    known = missing.size - np.count_nonzero(missing)
    if 2 * np.count_nonzero(np.abs(length - 1) > SHORT) > known:
        _refuse_colours(raw[~missing], length[~missing], ann, path)
    length[missing] = np.nan
    out /= length[..., None]
    return reorder_axes(out, tuple(ann.axes))


def normal_lengths(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Lengths of stored normals after scale and offset; about 1 if these are right.

    Args:
        raw: (H, W, 3) stored numbers.
        ann: Scale, offset and marks.
        path: File, for messages.

    Returns:
        (N,) float32, the lengths of normals that are not missing. Vectors of nearly no length count
        as missing unless all are like that. Signed integers without a scale, which are normalised
        whatever they call 1, have a median of 1.

    Raises:
        ValueError: If there are not three channels.
    """
    _, length, missing = _vectors(raw, ann, path)
    known = length[~missing]
    if raw.dtype.kind == "i" and ann.scale is None and len(known):
        known = known / np.median(known)
    return known if len(known) else length[length > 0]


def _vectors(
    raw: np.ndarray, ann: Annotation, path: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scaled vectors (H, W, 3), their lengths (H, W), and a mask of the missing ones."""
    if raw.ndim != 3 or raw.shape[2] != 3:
        raise ValueError(
            f"{path}: expected three channels as normal annotation {ann.name!r}, got shape "
            f"{raw.shape}"
            + ("; channels=(0, 1, 2) takes the first three" if raw.shape[2:] > (3,) else "")
        )
    image = raw.dtype.kind == "u"
    top = float(np.iinfo(raw.dtype).max) if image else 1.0
    scale = ann.scale if ann.scale is not None else (2.0 / top if image else 1.0)
    offset = ann.offset if ann.offset is not None else (-1.0 if image else 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # the caller checks for infinity
        out = np.multiply(raw, np.float32(scale), dtype=np.float32, casting="unsafe")
        if offset:
            out += np.float32(offset)
        length = np.sqrt(np.einsum("hwc,hwc->hw", out, out))
    missing = length < SHORT
    for value in (*ann.invalid_numbers, *((0.0,) if image else ())):
        missing |= holds_mark(raw, value).all(axis=2)
    if ann.nan_is_invalid:
        missing |= np.isnan(length)
    return out, length, missing


def _refuse_colours(stored: np.ndarray, length: np.ndarray, ann: Annotation, path: str) -> None:
    """Refuse numbers that are colours or have a wrong scale; other lengths are normalised."""
    where = f"{path}: normal annotation {ann.name!r}"
    middle = float(np.median(length))
    if stored.dtype.kind == "u" or ann.scale is not None or ann.offset is not None:
        if middle > _LONG:
            raise ValueError(
                f"{where} has vectors of length {middle:.3g} instead of 1 (stored numbers "
                f"{stored.min():g}..{stored.max():g}); set 'scale' and 'offset', or 'invalid' if "
                "one number marks pixels without a normal"
            )
        return
    lowest, highest = float(stored.min()), float(stored.max())
    if lowest < 0:
        return
    for white in _COLOURS:
        if highest > white * 1.001:
            continue
        vectors = np.multiply(stored, 2 / white, dtype=np.float64) - 1
        unit = np.abs(np.sqrt((vectors * vectors).sum(axis=1)) - 1) < SHORT
        if unit.mean() > 0.5:
            scale = "2" if white == 1 else f"2/{white}"
            raise ValueError(
                f"{where} holds colours 0..{white} ({lowest:g}..{highest:g}, none negative), not "
                f"vectors; set scale={scale} and offset=-1"
            )
    if middle > 16:
        raise ValueError(
            f"{where} has vectors of length {middle:.3g} instead of 1, none of whose numbers is "
            f"negative ({lowest:g}..{highest:g}); set 'scale' and 'offset' if they are colours"
        )


def reorder_axes(normals: np.ndarray, axes: Sequence[str]) -> np.ndarray:
    """Normals in our camera frame.

    Args:
        normals: (H, W, 3) in the publisher's frame.
        axes: Which stored axis, with sign, gives x, y and z; see :class:`Annotation`.

    Returns:
        (H, W, 3); the input itself if nothing is to be done.
    """
    order = [_AXES[axis.lstrip("+-")] for axis in axes]
    signs = np.array([-1.0 if axis.startswith("-") else 1.0 for axis in axes], np.float32)
    if order != [0, 1, 2]:
        normals = np.ascontiguousarray(normals[..., order])
    return normals if (signs > 0).all() else normals * signs
