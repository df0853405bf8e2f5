"""A short digest of the images of a dataset, to notice added and removed files."""

from __future__ import annotations

import hashlib
import os.path as osp
from typing import Any

from .wrappers import innermost

#: greatest number of images in the digest, evenly spread over the dataset
SAMPLED = 10_000


def image_set(dataset: Any) -> dict[str, Any]:
    """Number and digest of the images of a dataset, independent of the dataset's folder.

    Args:
        dataset: A dataset, or one that wraps others as ``dataset`` or ``datasets``.

    Returns:
        ``images``, their number, and ``digest`` of their ids or file names in order, as plain
        data. Datasets without ids are identified by the number of images only.
    """
    found = hashlib.sha256()
    for inner in innermost(dataset):
        if not hasattr(inner, "__len__"):
            continue
        count = len(inner)
        found.update(f"{count}\n".encode())
        for place in range(min(count, SAMPLED) if hasattr(inner, "get_data_info") else 0):
            info = inner.get_data_info(place * count // min(count, SAMPLED))
            name = info.get("img_id") or osp.basename(str(info.get("img_path", "")))
            found.update(f"{name}\n".encode())
    return dict(images=len(dataset), digest=found.hexdigest())
