"""From stored ids to classes, by one lookup table for all steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from ..annotation import IGNORE, Annotation, Stored
from .colours import code_of

_LOWEST, _HIGHEST = -256, 65535
_UNKNOWN, _WRONG = -1, -2  # while steps are applied; no id is negative in between
OUT_OF_RANGE = 254
"""Class of ids that must not occur; real class ids are below it."""


@dataclass(frozen=True)
class LabelTable:
    """Classes of stored ids.

    Args:
        near: uint8; entry ``id + 256`` is the class of the stored ids -256..65535, 255 for
            ignored ids and 254 for ids that must not occur.
        far: Classes of other ids that may occur, e.g. ignored ones of 32 bits.
    """

    near: np.ndarray
    far: dict[int, int]

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        """Look up a map.

        Args:
            ids: (H, W) of any integer type.

        Returns:
            (H, W) uint8 classes, 255 where ignored, 254 where the id must not occur.
        """
        if ids.dtype == np.uint8:
            return cv2.LUT(ids, self.near[-_LOWEST : 256 - _LOWEST])
        if ids.dtype.kind == "u" and ids.dtype.itemsize == 2:
            return self.near[ids.astype(np.int32) - _LOWEST]
        # clipped before the conversion, which would wrap large numbers around
        if ids.dtype.kind == "i":
            ids = ids.astype(np.int64, copy=False)
        clipped = np.clip(ids, 0 if ids.dtype.kind == "u" else _LOWEST, _HIGHEST)
        out = self.near[clipped.astype(np.int32) - _LOWEST]
        far = clipped != ids
        if far.any():
            out[far] = OUT_OF_RANGE
            for old, new in self.far.items():
                out[far & (ids == old)] = new
        return out


def label_table(ann: Annotation) -> LabelTable:
    """The steps from stored ids to classes as one table.

    Raises:
        ValueError: If ``id_map`` or ``label_map`` leads to a class that does not exist.
    """
    return _label_table(
        ann.name,
        2 if ann.kind == "binary" else ann.num_classes,
        _items(ann.id_map),
        ann.ignored,
        ann.reduce_zero_label,
        _items(ann.label_map),
    )


def _items(mapping: Mapping[Any, int] | None) -> tuple[tuple[Any, int], ...] | None:
    return tuple(mapping.items()) if mapping else None


@lru_cache(maxsize=64)
def _label_table(
    name: str,
    num_classes: int | None,
    id_map: tuple[tuple[Stored, int], ...] | None,
    ignored: tuple[int, ...],
    reduce_zero: bool,
    label_map: tuple[tuple[int, int], ...] | None,
) -> LabelTable:
    # without a number of classes, every id that fits into a map is allowed
    top = OUT_OF_RANGE if num_classes is None else num_classes
    stored = len(label_map) if label_map else top
    _check_targets(name, id_map or (), label_map or (), reduce_zero, stored, top)
    near, far = _mapped(id_map, ignored)
    both = np.concatenate([near, np.array(list(far.values()), np.int64)])
    if reduce_zero:
        both = np.where(both > 0, both - 1, np.where(both == 0, _UNKNOWN, both))
    if label_map:
        both = _relabelled(both, label_map)
    both = np.where(both >= top, _WRONG, both)
    both = np.where(both == _UNKNOWN, IGNORE, np.where(both == _WRONG, OUT_OF_RANGE, both))
    table = both.astype(np.uint8)
    return LabelTable(table[: len(near)], dict(zip(far, table[len(near) :].tolist(), strict=True)))


def _check_targets(
    name: str,
    id_map: tuple[tuple[Stored, int], ...],
    label_map: tuple[tuple[int, int], ...],
    reduce_zero: bool,
    stored: int,
    top: int,
) -> None:
    """Refuse maps to classes that do not exist: ``stored`` in the files, ``top`` in the end."""
    for old, new in id_map:
        shifted = new - 1 if reduce_zero else new
        if new not in (IGNORE, -1) and not -int(reduce_zero) <= shifted < stored:
            raise ValueError(
                f"annotations[{name!r}]['id_map'] turns id {old} into class {new}; expected "
                f"{_expected(int(reduce_zero), stored)}, or 255 for ignored"
            )
    for old, new in label_map:
        if new != IGNORE and not 0 <= new < top:
            raise ValueError(
                f"annotations[{name!r}]['label_map'] turns class {old} into {new}; expected "
                f"{_expected(0, top)}, or 255 for ignored"
            )


def _mapped(
    id_map: tuple[tuple[Stored, int], ...] | None, ignored: tuple[int, ...]
) -> tuple[np.ndarray, dict[int, int]]:
    """Classes after ``id_map`` and ``ignored``: of the ids of the table, and of others."""
    ids = np.arange(_LOWEST, _HIGHEST + 1)
    near = np.full(ids.shape, _WRONG, np.int64)
    far: dict[int, int] = {}
    if id_map is None:
        near[-_LOWEST:] = ids[-_LOWEST:]
    classes = dict.fromkeys(ignored, _UNKNOWN)
    # after the ignored ids: an id in id_map is never ignored
    for stored, new in id_map or ():
        classes[code_of(stored)] = _UNKNOWN if new in (IGNORE, -1) else new
    for old, new in classes.items():
        if _LOWEST <= old <= _HIGHEST:
            near[old - _LOWEST] = new
        else:
            far[old] = new
    return near, far


def _relabelled(classes: np.ndarray, label_map: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Apply ``label_map``, which has an entry for each class."""
    relabel = np.array([new for _, new in sorted(label_map)])
    classes = np.where(classes >= len(label_map), _WRONG, classes)
    new_ids = relabel[np.clip(classes, 0, None)]
    return np.where(classes < 0, classes, np.where(new_ids == IGNORE, _UNKNOWN, new_ids))


def _expected(lowest: int, count: int) -> str:
    return f"one of the classes {lowest}..{count - 1 + lowest}"
