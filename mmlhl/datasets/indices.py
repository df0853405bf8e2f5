"""Checking which images ``indices`` chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import config_values


def check_indices(indices: Any, owner: str) -> int | list[int] | None:
    """Check the type of ``indices``.

    Args:
        indices: Number of the first (or, if negative, the last) images, or a list of indices; None
            for all.
        owner: Name of the dataset's class, for messages.

    Returns:
        The same in Python's integers, which mmengine expects.

    Raises:
        ValueError: If it is anything else.
    """
    if indices is None:
        return None
    where = f"indices of {owner}"
    if isinstance(indices, (bool, str, set, frozenset, Mapping)):
        raise ValueError(
            f"{where} is {indices!r}; it must be a number of images, or a list of places"
        )
    if isinstance(indices, Iterable):
        return list(config_values.integers(indices, where))
    return config_values.integer(indices, where)


def check_places(indices: int | Sequence[int], images: int) -> None:
    """Check ``indices`` against the number of images.

    Raises:
        ValueError: If an index is out of range, or names an image a second time.
    """
    places: dict[int, int] = {}
    for index in () if isinstance(indices, int) else indices:
        if not -images <= index < images:
            raise ValueError(f"indices names image {index}, but there are {images}, from 0 on")
        place = index % images
        if place in places:
            raise ValueError(
                f"indices names image {place} twice, as {places[place]} and {index}, so tests "
                "would count it twice; to train on some images more often, join several datasets "
                "by ConcatDataset"
            )
        places[place] = index
