"""Sizes of what a file claims to hold, compared with the file's."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import torch

from .checksums import parts_of
from .walking import placed_tensors, spread

#: values that a tensor may have beyond those stored, as views of one value have
_EXTRA_VALUES = 2**26
#: bytes that an archive may hold beyond four times its size; torch does not compress
_EXTRA_BYTES = 2**26
#: values of a part, and lists and dicts around one; a log of a million lines has as many
_MOST_VALUES, _DEEPEST = 2**25, 200


def unpacked_size_problem(path: str) -> str | None:
    """Whether an archive would unpack to far more than its size.

    Raises:
        ChangedArchiveError: If the archive's list is damaged.
    """
    unpacked = sum(part.file_size for part in parts_of(path))
    packed = os.path.getsize(path)
    if unpacked <= 4 * packed + _EXTRA_BYTES:
        return None
    return f"it would unpack {packed} bytes to {unpacked}, and torch.save compresses nothing"


def tensor_size_problem(content: Any) -> str | None:
    """The first tensor that claims many more values than are stored."""
    for place, value in placed_tensors(content):
        if value.layout is not torch.strided or value.is_meta or value.is_nested:
            continue
        stored = value.untyped_storage().nbytes() // max(value.element_size(), 1)
        if value.numel() > stored + _EXTRA_VALUES:
            return f"{place} claims {value.numel()} values, of which {stored} are stored"
    return None


def spread_problem(content: Mapping[Any, Any]) -> str | None:
    """The first part of a checkpoint that would not end if it were copied."""
    for key, part in content.items():
        count, depth = spread(part)
        if count > _MOST_VALUES or depth > _DEEPEST:
            size = f"{count:.0f} values in lists and dicts nested {depth:.0f} deep"
            return f"its {key!r:.60} " + (
                f"holds {size}" if count < math.inf else "holds a list or dict that is in itself"
            )
    return None
