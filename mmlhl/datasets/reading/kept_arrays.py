"""Images and labels that are kept for a while, as a dry run reads the first ones many times."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np

_MOST = 2**29
"""Bytes that are kept, of the arrays that were read last."""
_LOCK = Lock()
_kept: OrderedDict[Hashable, np.ndarray] | None = None


@contextmanager
def remembering() -> Iterator[None]:
    """Within the block no file that :func:`remembered` keeps is decoded twice."""
    global _kept
    outer, _kept = _kept, OrderedDict()
    try:
        yield
    finally:
        _kept = outer


def remembered(key: Hashable, read: Callable[[], np.ndarray]) -> np.ndarray:
    """What a function reads, or what it read before with the same key.

    Args:
        key: Path and options of the reading.
        read: The function; called each time outside of :func:`remembering`.

    Returns:
        An array of the caller's own.
    """
    kept = _kept
    if kept is None:
        return read()
    found = kept.get(key)
    if found is not None:
        return found.copy()
    array = read()
    if isinstance(array, np.ndarray) and array.nbytes <= _MOST:
        with _LOCK:  # labels are read by several threads
            kept[key] = array.copy()
            while sum(each.nbytes for each in kept.values()) > _MOST:
                kept.popitem(last=False)
    return array
