"""Finding images that are read nearly black, such as those of 12 bits in files of 16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .reading import is_array, read_bytes
from .reading.white import greatest_of_16_bits, unused_bits_sentence
from .transforms import LoadImage

DARK = 32
"""Brightest number, where white is 255, below which images are suspicious."""
_LOOKED_AT = 8
_bright: set[str] = set()


def stored_greatest(path: str, loader: Any, backend_args: dict | None = None) -> int | None:
    """The greatest number in an image that is read by the upper 8 of its 16 bits.

    Returns:
        The number; None if the image is read in another way.
    """
    if not isinstance(loader, LoadImage) or loader.max_value is not None or is_array(path):
        return None
    if loader.color_type == "unchanged":
        return None
    return greatest_of_16_bits(read_bytes(path, "image", backend_args))


def dark_sentence(deepest: int | None, brightest: float) -> str:
    """A warning if images are nearly black.

    Args:
        deepest: Greatest number in files of 16 bits; None if there are none.
        brightest: Greatest number in all images as they are read.

    Returns:
        A sentence; empty if they are bright enough.
    """
    if deepest is not None and (sentence := unused_bits_sentence(deepest)):
        return sentence
    if brightest >= DARK:
        return ""
    return (
        f"the brightest value of all images is {brightest:.6g}, where 0..255 is meant; if another "
        "number means white in their files, set max_value of LoadImage to it"
    )


def spread(count: int, most: int = _LOOKED_AT) -> list[int]:
    """Places of a few samples, spread evenly over a dataset.

    Args:
        count: Number of its samples.
        most: Number of places, all if there are not more.
    """
    return np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()


def look_at_images(samples: Sequence[dict], loader: Any, backend_args: dict | None) -> str:
    """Read images, spread over a dataset, until one is bright; that is the first one usually.

    Args:
        samples: The dataset's samples with ``img_path``.
        loader: The transform that reads its images; one of the user's own is not tried.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        A warning if none is bright, else an empty string; also if all are black, as stand-ins for
        images are.
    """
    if not isinstance(loader, LoadImage) or loader.color_type == "unchanged":
        return ""
    deepest, brightest, sentence = None, 0.0, ""
    for place in spread(len(samples)):
        path = samples[place]["img_path"]
        if path in _bright:
            return ""
        try:
            greatest = stored_greatest(path, loader, backend_args)
            image = (loader({"img_path": path}) or {}).get("img")
        except (OSError, ValueError):
            continue  # reading it for training raises the error
        if image is None:
            continue
        brightest = max(brightest, float(image.max()))
        deepest = greatest if deepest is None else max(deepest, greatest or 0)
        if not (sentence := dark_sentence(deepest, brightest)):
            _bright.add(path)
            return ""
    return sentence if brightest or deepest else ""
