"""Decoding of class and binary maps: whole numbers with 255 for unlabelled pixels."""

from __future__ import annotations

import numpy as np

from ..annotation import IGNORE, Annotation
from .colours import code_of, coded, some_colours
from .label_table import OUT_OF_RANGE, label_table
from .layout import one_channel


def decode_classes(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """Class ids of a stored label map.

    Args:
        raw: (H, W) or (H, W, 1) whole numbers; (H, W, 3) if ``id_map`` names colours.
        ann: The steps from stored ids to classes, see :class:`Annotation`.
        path: File, for messages.

    Returns:
        (H, W) uint8, 255 where ignored.

    Raises:
        ValueError: If there are several channels, fractions, an id out of range, or no labelled
            pixel although ``allow_void`` is not set.
    """
    stored = coded(raw, ann, path) if ann.coloured else whole_numbers(raw, ann, path)
    ids = label_table(ann)(stored)
    bad = ids == OUT_OF_RANGE
    if bad.any():
        if ann.coloured:
            raise ValueError(
                f"{path}: a colour that is no class in annotation {ann.name!r}: got "
                f"{some_colours(raw[bad])} in {int(bad.sum())} pixels; expected {_expected(ann)}"
            )
        raise ValueError(
            f"{path}: class id out of range in annotation {ann.name!r}: got "
            f"{some_numbers(stored[bad])} in {int(bad.sum())} pixels; expected {_expected(ann)} or "
            f"ignored {ann.ignored}"
        )
    # an image may well show none of a subset of the classes
    if not ann.label_map:
        need_a_label(ids, ann, path)
    return ids


def decode_binary(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """A mask of 0 and 1.

    Args:
        raw: (H, W) or (H, W, 1) numbers, or whole numbers without a threshold.
        ann: Its ``threshold``, or ``id_map`` and ``ignore``.
        path: File, for messages.

    Returns:
        (H, W) uint8: 0, 1 or 255 where ignored.

    Raises:
        ValueError: If there are several channels, fractions or infinity, numbers other than 0, 1
            and ignored ones without a threshold, a threshold outside the type's range, no labelled
            pixel although ``allow_void`` is not set, or 0 and 255 alone, which may mean
            "foreground" as well as "unknown".
    """
    if ann.id_map is not None:
        return decode_classes(raw, ann, path)
    raw = one_channel(raw, ann, path)
    if ann.threshold is not None:
        if raw.dtype.kind == "f" and not np.isfinite(raw).all():
            raise ValueError(f"{path}: expected finite numbers as binary annotation {ann.name!r}")
        _need_two_sides(raw.dtype, ann, path)
        out = (raw > ann.threshold).astype(np.uint8)
        if ann.ignored:
            out[np.isin(raw, ann.ignored)] = IGNORE
        need_a_label(out, ann, path)
        return out
    raw = whole_numbers(raw, ann, path)
    out = label_table(ann)(raw)
    bad = out == OUT_OF_RANGE
    if bad.any():
        raise ValueError(
            f"{path}: expected 0, 1 or ignored {ann.ignored} as binary annotation {ann.name!r}, "
            f"got {some_numbers(raw[bad])}; set 'threshold' for grey maps"
        )
    need_a_label(out, ann, path)
    alone = (out == 0).any() and not (out == 1).any()
    if ann.ignore is None and alone and (raw == IGNORE).any():
        raise ValueError(
            f"{path}: binary annotation {ann.name!r} consists of 0 and 255; if 255 is the "
            "foreground, set threshold=127, if it means unknown, set ignore=255"
        )
    return out


def _need_two_sides(dtype: np.dtype, ann: Annotation, path: str) -> None:
    """Refuse a threshold that no number, or every number, of a type is above."""
    if dtype.kind not in "bu":
        return
    greatest = 1 if dtype.kind == "b" else np.iinfo(dtype).max
    if not 0 <= ann.threshold < greatest:
        raise ValueError(
            f"{path}: binary annotation {ann.name!r} has numbers of 0..{greatest} ({dtype}), all "
            f"on one side of threshold={ann.threshold:g}"
        )


def whole_numbers(raw: np.ndarray, ann: Annotation, path: str) -> np.ndarray:
    """A map of one channel with an integer type.

    Args:
        raw: (H, W) or (H, W, 1) of any type.
        ann: The annotation, for messages.
        path: File, for messages.

    Returns:
        (H, W) of an integer type that holds all the numbers.

    Raises:
        ValueError: If there are several channels, fractions, NaN or infinity.
    """
    raw = one_channel(raw, ann, path)
    if raw.dtype.kind == "b":
        return raw.astype(np.uint8)
    if raw.dtype.kind != "f":
        return raw
    # 2^63 itself does not fit into int64
    whole = np.abs(raw.astype(np.float64, copy=False)) < 2.0**63
    ids = np.where(whole, raw, 0).astype(np.int64)
    if np.array_equal(ids, raw):
        return ids
    raise ValueError(
        f"{path}: expected whole numbers as {ann.kind} annotation {ann.name!r}, got fractions, "
        f"NaN or infinity: {raw[ids != raw][0]}"
    )


def need_a_label(ids: np.ndarray, ann: Annotation, path: str) -> None:
    """Refuse a map without any labelled pixel, which usually is the wrong file.

    Args:
        ids: (H, W) uint8, 255 for unlabelled pixels.
        ann: The annotation; ``allow_void`` allows such maps.
        path: File, for messages.

    Raises:
        ValueError: If no pixel is labelled.
    """
    if not ann.allow_void and ids.min() == IGNORE:
        raise ValueError(
            f"{path}: every pixel of annotation {ann.name!r} is void; expected at least one with a "
            f"class. Ignored are the ids {list(ann.ignored)}; set allow_void=True for a set in "
            "which such images belong"
        )


def some_numbers(values: np.ndarray) -> str:
    """The first numbers of an array as text, for messages."""
    found = np.unique(values)
    return ", ".join(str(int(v)) for v in found[:5]) + (" ..." if len(found) > 5 else "")


def _expected(ann: Annotation) -> str:
    if ann.id_map is not None:
        what = "colours" if ann.coloured else "ids"
        return f"one of the {what} in id_map ({sorted(ann.id_map, key=code_of)})"
    count = len(ann.label_map) if ann.label_map else ann.num_classes or OUT_OF_RANGE
    lowest = int(ann.reduce_zero_label)
    return f"class ids {lowest}..{count - 1 + lowest}"
