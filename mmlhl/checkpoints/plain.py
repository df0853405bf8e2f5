"""Plain data, which can be read from a checkpoint without mmlhl or mmengine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor


def to_plain(value: Any, where: str = "meta", lost: list[str] | None = None) -> Any:
    """Turn containers and scalars of mmengine and numpy into Python's own.

    Args:
        value: Nested mappings, lists, tuples, sets, numbers, strings, arrays and tensors.
        where: Name of the value in the message.
        lost: List to which problems are appended, with None as the value, instead of an error.

    Returns:
        The same of dicts, lists, tuples, numbers, strings and tensors; arrays become lists.

    Raises:
        TypeError: If something in it is not data and ``lost`` is None; names the place.
    """
    if value is None or isinstance(value, (bool, int, float, str, bytes, Tensor)):
        # subclasses such as numpy's float64 would be stored by their own class
        kinds = (bool, int, float, str)
        if type(value) in kinds:  # True is an int, too, but must not become 1
            return value
        return next((kind(value) for kind in kinds if isinstance(value, kind)), value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        items = value.items()
        return {to_plain(k, where): to_plain(each, f"{where}.{k}", lost) for k, each in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        listed = [to_plain(each, f"{where}[{i}]", lost) for i, each in enumerate(value)]
        return tuple(listed) if isinstance(value, tuple) else listed
    problem = f"{where} is a {type(value).__name__}, which is not plain data"
    if lost is None:
        raise TypeError(problem)
    lost.append(problem)
    return None
