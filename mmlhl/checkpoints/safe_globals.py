"""Let torch's weights-only loading read the checkpoints that mmengine writes.

Since torch 2.6, `torch.load` refuses every class that is not on its list. mmengine's checkpoints
hold its log histories (numpy arrays), scores (numpy scalars) and config dictionaries, so the
classic mmengine fails on its own files and the maintained one may fall back to unrestricted
unpickling. The classes listed here only hold data; with them, both load and resume under the
restriction.
"""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_DTYPES = ("bool", "str", *_INTEGERS, "float16", "float32", "float64")


def register_safe_globals() -> None:
    """List the data classes of mmengine's checkpoints with torch; harmless to repeat.

    Does nothing on torch before 2.6, where loading is unrestricted by default.
    """
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 6):
        return
    try:
        from numpy._core import multiarray  # numpy >= 2
    except ImportError:
        from numpy.core import multiarray  # type: ignore[no-redef]

    # A dtype is restored as an instance of its own class.
    dtypes = {type(np.dtype(name)) for name in _DTYPES}
    classes: list[Any] = [HistoryBuffer, ConfigDict, np.ndarray, np.dtype, *dtypes]
    # Pairs, not bare classes: the maintained mmengine lists bare ones for the time of a load and
    # then strikes them off, also where they had been listed before.
    pairs: list[Any] = [(cls, f"{cls.__module__}.{cls.__qualname__}") for cls in classes]
    # numpy 2 moved `core` to `_core`; a file names the one of the numpy that wrote it.
    pairs += [
        (function, f"numpy.{core}.multiarray.{function.__name__}")
        for function in (multiarray._reconstruct, multiarray.scalar)
        for core in ("core", "_core")
    ]
    pairs.append((_history_statistic, "builtins.getattr"))
    torch.serialization.add_safe_globals(pairs)


def _history_statistic(owner: object, name: str) -> Callable:
    """Stand in for `getattr`, which would reach everything, where a checkpoint asks for it.

    A pickled `HistoryBuffer` refers to its statistics (`min`, `max` ...) by `getattr` on its class.

    Raises:
        pickle.UnpicklingError: If anything else is asked for.
    """
    known = {"min", "max", "current", "mean", *HistoryBuffer._statistics_methods}
    if owner is not HistoryBuffer or name not in known:
        raise pickle.UnpicklingError(
            f"the checkpoint asks for attribute {name!r} of {owner!r}; "
            "only the statistics of mmengine's HistoryBuffer are allowed"
        )
    return getattr(HistoryBuffer, name)
