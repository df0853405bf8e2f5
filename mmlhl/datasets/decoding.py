"""From the numbers in a file to a map in the package's convention, with checks that name the file.

Class and binary maps become uint8 with 255 where nothing is known; depth, normals and channels
become float32 with NaN where nothing was measured.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from .annotation import IGNORE, Annotation

_LOWEST = -256  # lowest stored class id that the lookup table covers
_OUT_OF_RANGE = 254  # mark in the lookup table; class ids stop below it
_AXES = {"x": 0, "y": 1, "z": 2}


def decode(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Turn stored numbers into an annotation map.

    Args:
        raw: Array as stored, shape (H, W) or (H, W, K); colour images in the file's channel order.
        ann: What the numbers mean.
        path: File that they come from, for messages.

    Returns:
        (H, W) uint8 for classes and binary maps; (H, W) float32 for depth and one channel;
        (H, W, 3) or (H, W, K) float32 for normals and several channels.

    Raises:
        ValueError: If the numbers cannot be such an annotation.
    """
    if raw.dtype == object or raw.ndim not in (2, 3):
        raise ValueError(
            f"{path}: expected numbers of shape (H, W) or (H, W, K) as {ann.name!r} annotation, "
            f"got {raw.dtype} of shape {raw.shape}"
        )
    return _DECODERS[ann.kind](pick_channels(raw, ann, path), ann, path)


def pick_channels(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """The channels that an annotation takes from its file.

    Args:
        raw: (H, W) or (H, W, K).
        ann: Names the channels; a file of one channel is taken as it is.
        path: File, for messages.

    Returns:
        (H, W) for one channel, else (H, W, number of channels).

    Raises:
        ValueError: If the file has fewer channels.
    """
    if ann.channels is None or raw.ndim == 2:
        return raw
    if max(ann.channels) >= raw.shape[2]:
        raise ValueError(
            f"{path}: annotation {ann.name!r} takes channels {tuple(ann.channels)}, but the file "
            f"has {raw.shape[2]}"
        )
    return raw[..., ann.channels[0]] if len(ann.channels) == 1 else raw[..., list(ann.channels)]


def _one_channel(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    if raw.ndim == 3:
        if raw.shape[2] != 1:
            raise ValueError(
                f"{path}: expected one channel as {ann.kind} annotation {ann.name!r}, got "
                f"{raw.shape[2]} (shape {raw.shape})"
            )
        raw = raw[..., 0]
    return raw


def _integers(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    raw = _one_channel(raw, ann, path)
    if raw.dtype.kind in "ub":
        return raw.astype(np.uint8) if raw.dtype.kind == "b" else raw
    ids = raw.astype(np.int32)
    if raw.dtype.kind == "f" and not np.array_equal(ids, raw):
        raise ValueError(
            f"{path}: expected whole numbers as {ann.kind} annotation {ann.name!r}, got fractions "
            "or NaN"
        )
    return ids


@lru_cache(maxsize=64)
def _class_table(
    num_classes: int | None, id_map: tuple | None, ignore: tuple, reduce_zero: bool, relabel: tuple
) -> np.ndarray:
    """Stored id - _LOWEST -> class id, 255 for ignored and 254 for what must not occur."""
    ids = np.arange(_LOWEST, 65536)
    table = np.full(ids.shape, _OUT_OF_RANGE, np.int64)
    if id_map is None:
        shifted = ids - 1 if reduce_zero else ids
        # without a class count everything that fits is believed
        top = _OUT_OF_RANGE if num_classes is None else num_classes
        if relabel:
            top = len(relabel)
        inside = (shifted >= 0) & (shifted < top)
        table[inside] = shifted[inside]
        if reduce_zero:
            table[-_LOWEST] = IGNORE
        if relabel:
            table[inside] = np.array(relabel)[table[inside]]
    else:
        for old, new in id_map:
            table[old - _LOWEST] = new
    for old in ignore:
        table[old - _LOWEST] = IGNORE
    return table.astype(np.uint8)


def class_table(
    ann: Annotation, reduce_zero_label: bool = False, label_map: dict | None = None
) -> np.ndarray:
    """Lookup table from stored ids to class ids.

    Args:
        ann: A class annotation.
        reduce_zero_label: Whether id 0 is ignored and the others move down by one.
        label_map: Class id -> class id for a subset of the dataset's classes, as mmseg makes it.

    Returns:
        uint8 table; entry ``id + 256`` is the class of the stored ``id``, 255 for ignored ids and
        254 for ids that must not occur.

    Raises:
        ValueError: If an id does not fit into the table.
    """
    id_map = None if ann.id_map is None else tuple((int(k), int(v)) for k, v in ann.id_map.items())
    for old in [k for k, _ in id_map or ()] + list(ann.ignore):
        if not _LOWEST <= old < 65536:
            raise ValueError(f"annotations[{ann.name!r}]: id {old} is not within -256..65535")
    relabel = () if not label_map else tuple(label_map[i] for i in range(len(label_map)))
    if ann.num_classes is not None and ann.num_classes >= _OUT_OF_RANGE:
        raise ValueError(
            f"annotations[{ann.name!r}]: {ann.num_classes} classes; at most {_OUT_OF_RANGE - 1} "
            "are supported, as 255 means ignored"
        )
    ignore = tuple(int(i) for i in ann.ignore)
    return _class_table(ann.num_classes, id_map, ignore, bool(reduce_zero_label), relabel)


def decode_classes(
    raw: np.ndarray,
    ann: Annotation,
    path: str,
    reduce_zero_label: bool = False,
    label_map: dict | None = None,
) -> np.ndarray:
    """Class ids of a stored label map.

    Args:
        raw: (H, W) or (H, W, 1) whole numbers.
        ann: Number of classes, ``id_map`` and ignored ids.
        path: File, for messages.
        reduce_zero_label: See :func:`class_table`.
        label_map: See :func:`class_table`.

    Returns:
        (H, W) uint8, 255 where ignored.

    Raises:
        ValueError: If there are several channels, fractions, an id out of range, or no labelled
            pixel although ``allow_void`` is not set.
    """
    raw = _integers(raw, ann, path)
    table = class_table(ann, reduce_zero_label, label_map)
    if raw.dtype == np.uint8:
        ids = cv2.LUT(raw, table[-_LOWEST : 256 - _LOWEST])
    else:
        clipped = np.clip(raw.astype(np.int32), _LOWEST, 65535)
        ids = table[clipped - _LOWEST]
        ids[clipped != raw] = _OUT_OF_RANGE
    bad = ids == _OUT_OF_RANGE
    if bad.any():
        values = np.unique(raw[bad])
        shown = ", ".join(str(int(v)) for v in values[:5]) + (" ..." if len(values) > 5 else "")
        if ann.id_map is not None:
            expected = f"one of the ids in id_map ({sorted(ann.id_map)})"
        else:
            expected = f"class ids 0..{(ann.num_classes or _OUT_OF_RANGE) - 1}"
        raise ValueError(
            f"{path}: class id out of range in annotation {ann.name!r}: got {shown} in "
            f"{int(bad.sum())} pixels; expected {expected} or ignored {tuple(ann.ignore)}"
        )
    # an image need not show any of a subset of the classes
    if not label_map:
        _need_a_label(ids, ann, path)
    return ids


def _need_a_label(ids: np.ndarray, ann: Annotation, path: str) -> None:
    if not ann.allow_void and ids.size and ids.min() == IGNORE:
        raise ValueError(
            f"{path}: every pixel of annotation {ann.name!r} is void; expected at least one with a "
            "class. Set allow_void=True for a set in which such images belong"
        )


def _decode_binary(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    raw = _one_channel(raw, ann, path)
    if ann.threshold is None:
        raw = _integers(raw, ann, path)
    elif raw.dtype.kind == "f" and not np.isfinite(raw).all():
        raise ValueError(f"{path}: expected finite numbers as binary annotation {ann.name!r}")
    ignored = np.isin(raw, np.asarray(ann.ignore)) if len(ann.ignore) else np.zeros(raw.shape, bool)
    if ann.threshold is None:
        bad = (raw != 0) & (raw != 1) & ~ignored
        if bad.any():
            raise ValueError(
                f"{path}: expected 0, 1 or ignored {tuple(ann.ignore)} as binary annotation "
                f"{ann.name!r}, got {raw[bad][0]}; set 'threshold' for grey maps"
            )
        out = raw.astype(np.uint8)
    else:
        out = (raw > ann.threshold).astype(np.uint8)
    out[ignored] = IGNORE
    _need_a_label(out, ann, path)
    return out


def _scaled(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Real numbers with NaN where the file says "not measured"; anything broken raises."""
    # multiplying makes the copy that is written to below, so the file's buffer stays untouched
    scale = np.float32(1.0 if ann.scale is None else ann.scale)
    out = np.multiply(raw, scale, dtype=np.float32, casting="unsafe")
    if ann.offset:
        out += np.float32(ann.offset)
    missing = None
    for value in ann.invalid_numbers:
        hit = raw == value
        missing = hit if missing is None else missing | hit
    if ann.nan_is_invalid and raw.dtype.kind == "f":
        hit = np.isnan(raw)
        missing = hit if missing is None else missing | hit
    if missing is not None and missing.any():
        out[missing] = 0.0  # for the checks below; NaN in the end
    if out.size and not np.isfinite(out.min() + out.max()):
        raise ValueError(
            f"{path}: NaN or infinity in {ann.kind} annotation {ann.name!r}, where finite numbers "
            "were expected; list 'nan' in 'invalid' if it means unmeasured"
        )
    if ann.kind == "depth" and out.size and out.min() < 0:
        raise ValueError(
            f"{path}: negative depth {out.min():g} in annotation {ann.name!r}; expected numbers "
            f">= 0 or one of invalid={tuple(ann.invalid)}"
        )
    if missing is not None:
        out[missing] = np.nan
    if ann.max_value is not None:
        out[out > ann.max_value] = np.nan
    return out


def _decode_depth(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    out = _scaled(_one_channel(raw, ann, path), ann, path)
    out[out == 0] = np.nan  # no surface lies at distance 0, whatever the publisher's mark is
    return out


def _decode_channels(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    out = _scaled(raw, ann, path)
    return out[..., 0] if out.ndim == 3 and out.shape[2] == 1 else out


def _decode_normal(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    if raw.ndim != 3 or raw.shape[2] != 3:
        raise ValueError(
            f"{path}: expected three channels as normal annotation {ann.name!r}, got shape "
            f"{raw.shape}"
        )
    image = raw.dtype.kind == "u"
    top = float(np.iinfo(raw.dtype).max) if image else 1.0
    scale = ann.scale if ann.scale is not None else (2.0 / top if image else 1.0)
    offset = ann.offset if ann.offset is not None else (-1.0 if image else 0.0)
    out = np.multiply(raw, np.float32(scale), dtype=np.float32, casting="unsafe")
    if offset:
        out += np.float32(offset)
    length = np.sqrt(np.einsum("hwc,hwc->hw", out, out))
    # a zero vector, or a grey (128, 128, 128): far too short for a rounded unit vector
    missing = length < 0.1
    for value in (*ann.invalid_numbers, *((0.0,) if image else ())):
        missing |= (raw[..., 0] == value) & (raw[..., 1] == value) & (raw[..., 2] == value)
    if ann.nan_is_invalid:
        missing |= np.isnan(length)
    length[missing] = 1.0
    if not np.isfinite(length.sum()):
        raise ValueError(
            f"{path}: NaN or infinity in normal annotation {ann.name!r}, where unit vectors were "
            "expected; list 'nan' in 'invalid' if it means missing"
        )
    length[missing] = np.nan
    out /= length[..., None]
    return reorder_axes(out, ann.axes)


def reorder_axes(normals: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
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


_DECODERS = {
    "classes": decode_classes,
    "binary": _decode_binary,
    "depth": _decode_depth,
    "channels": _decode_channels,
    "normal": _decode_normal,
}
