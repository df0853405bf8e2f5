"""Let torch's weights-only loading read the checkpoints that mmengine writes.

Since torch 2.6, `torch.load` refuses every class that is not on its list. mmengine's checkpoints
hold its log histories (numpy arrays), scores (numpy scalars) and config dictionaries, so the
classic mmengine fails on its own files and the maintained one may fall back to unrestricted
unpickling. The classes below only hold data; with them listed, both load and resume under the
restriction.
"""

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

_DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_DTYPES += ("float16", "float32", "float64")


def register_safe_globals() -> None:
    """List the data classes of mmengine's checkpoints with torch; harmless to repeat.

    Does nothing on torch before 2.6, where loading is unrestricted by default.
    """
    try:
        from numpy._core import multiarray  # numpy >= 2
    except ImportError:
        from numpy.core import multiarray

    classes: list = [HistoryBuffer, ConfigDict, np.ndarray, np.dtype]
    # numpy >= 1.25 pickles a dtype by its own class.
    classes += {type(np.dtype(name)) for name in _DTYPES}
    # numpy 2 moved `core` to `_core`; a file names the one of the numpy that wrote it.
    classes += [
        (function, f"numpy.{core}.multiarray.{function.__name__}")
        for function in (multiarray._reconstruct, multiarray.scalar)
        for core in ("core", "_core")
    ]
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 6):
        torch.serialization.add_safe_globals(classes)
