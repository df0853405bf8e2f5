"""Let torch's weights-only loading read the checkpoints that mmengine writes.

Since torch 2.6, `torch.load` refuses every class that is not on its list. mmengine's checkpoints
contain log histories (numpy arrays), scores (numpy scalars) and config dictionaries, so the classic
mmengine fails on its own files and the maintained one may fall back to unrestricted unpickling.
The classes listed here only hold data; with them, both load and resume under the restriction.

For numpy's own classes, replacements are listed: a numpy dtype can be made to read the bytes of a
file as addresses of arbitrary objects.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_DTYPES = ("bool", "str", *_INTEGERS, "float16", "float32", "float64")
#: since this version, torch can list a class under another name
RESTRICTED_SINCE = (2, 6)


def torch_version() -> tuple[int, ...]:
    """Major and minor version of torch."""
    return tuple(int(part) for part in torch.__version__.split(".")[:2])


class StoredArray(np.ndarray):
    """A numpy array from a checkpoint: numbers or text, never objects."""

    def __new__(cls, *args: Any, **kwargs: Any) -> StoredArray:
        """Refuse; only :func:`_new_array` makes the arrays of a checkpoint."""
        raise pickle.UnpicklingError("the checkpoint makes a numpy array in no way that numpy does")

    def __setstate__(self, state: tuple) -> None:
        """Set shape, type and bytes as numpy pickles them."""
        version, shape, dtype, fortran, data = state
        super().__setstate__((version, shape, _plain_dtype(dtype), fortran, data))

    def __reduce__(self) -> Any:
        """Pickle as the plain array."""
        return self.view(np.ndarray).__reduce__()


def data_globals() -> dict[str, Any]:
    """The classes and functions that checkpoints of mmengine may use besides torch's own.

    Returns:
        By the name in the file: the class or function that is used for it.
    """
    found: dict[str, Any] = {
        f"{cls.__module__}.{cls.__qualname__}": cls
        for cls in (HistoryBuffer, ConfigDict, *{type(np.dtype(name)) for name in _DTYPES})
    }
    found["numpy.ndarray"] = StoredArray
    found["numpy.dtype"] = _new_dtype
    # numpy 2 renamed `core` to `_core`; the name in a file depends on the numpy that wrote it.
    for core in ("core", "_core"):
        found[f"numpy.{core}.multiarray._reconstruct"] = _new_array
        found[f"numpy.{core}.multiarray.scalar"] = _new_scalar
    found["builtins.getattr"] = _history_statistic
    return found


def register_safe_globals() -> None:
    """List the data classes of mmengine's checkpoints with torch; harmless to repeat.

    Does nothing on torch before 2.6, where :mod:`~mmlhl.checkpoints.restricted` holds the list.
    """
    if torch_version() >= RESTRICTED_SINCE:
        # Pairs, not bare classes: the maintained mmengine lists bare classes during a load and then
        # removes them from the list, even if they were listed before.
        pairs: list[Any] = [(value, name) for name, value in data_globals().items()]
        torch.serialization.add_safe_globals(pairs)


def _new_dtype(name: str, *_: Any) -> np.dtype:
    """A numpy dtype of numbers or text."""
    dtype = np.dtype(str(name))
    if type(dtype) not in {type(np.dtype(known)) for known in _DTYPES}:
        raise pickle.UnpicklingError(f"the checkpoint holds numpy values of the type {name!r}")
    return np.dtype(dtype, copy=True)  # the file sets the byte order of its own copy


def _plain_dtype(dtype: Any) -> np.dtype:
    """A new copy of a dtype with nothing that the file set in it except the byte order."""
    return _new_dtype(dtype.str if isinstance(dtype, np.dtype) else repr(dtype))


def _new_array(cls: type, *_: Any) -> np.ndarray:
    """An empty array, whose content follows in the file."""
    if cls is not StoredArray:
        raise pickle.UnpicklingError(f"the checkpoint holds an array of the class {cls!r}")
    return np.zeros(0, np.int8).view(StoredArray)


def _new_scalar(dtype: Any, data: Any = b"") -> Any:
    """A numpy scalar."""
    if isinstance(data, str):  # how Python 2 and protocol 2 write bytes
        data = data.encode("latin1")
    if not isinstance(data, bytes):
        raise pickle.UnpicklingError(f"the checkpoint holds a numpy scalar made of {type(data)}")
    return np.frombuffer(data, _plain_dtype(dtype), count=1)[0]


def _history_statistic(owner: object, name: str) -> Callable:
    """Replace `getattr`, which would give access to everything, in a checkpoint.

    A pickled `HistoryBuffer` refers to its statistics (`min`, `max` ...) by `getattr` on its class.
    """
    known = {"min", "max", "current", "mean", *HistoryBuffer._statistics_methods}
    if owner is not HistoryBuffer or name not in known:
        raise pickle.UnpicklingError(
            f"the checkpoint asks for attribute {name!r} of {owner!r}; "
            "only the statistics of mmengine's HistoryBuffer are allowed"
        )
    return getattr(HistoryBuffer, name)
