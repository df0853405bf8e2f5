"""Which images a dataset has, in a few bytes: to notice that files came or went."""

from __future__ import annotations

import hashlib
import os.path as osp
from collections.abc import Iterator
from typing import Any

#: of more images, so many are looked at, evenly spread
LOOKED_AT = 10_000


def image_set(dataset: Any) -> dict[str, Any]:
    """What tells the images of a dataset from those of another, wherever they are.

    Args:
        dataset: A dataset, or one that wraps others as ``dataset`` or ``datasets``.

    Returns:
        ``images``, their number, and ``digest`` of their ids or file names in their order; plain
        data. Datasets that do not say which images they have are compared by number.
    """
    found = hashlib.sha256()
    for inner in _innermost(dataset):
        count = len(inner)
        found.update(f"{count}\n".encode())
        for place in range(min(count, LOOKED_AT) if hasattr(inner, "get_data_info") else 0):
            info = inner.get_data_info(place * count // min(count, LOOKED_AT))
            name = info.get("img_id") or osp.basename(str(info.get("img_path", "")))
            found.update(f"{name}\n".encode())
    return dict(images=len(dataset), digest=found.hexdigest())


def _innermost(dataset: Any) -> Iterator[Any]:
    held = getattr(dataset, "__dict__", {}).get("dataset")
    inner = [held] if held is not None else list(getattr(dataset, "datasets", None) or ())
    for child in inner:
        yield from _innermost(child)
    if not inner and hasattr(dataset, "__len__"):
        yield dataset
