"""Pickle files, read as data.

mmengine unpickles whatever a config names with the ending ``.pkl``, such as mmseg's weights of
classes or its lists of samples, and mmseg images and labels with ``decode_backend="pickle"``. A
pickle can call anything.
"""

from __future__ import annotations

import io
import pickle
from types import SimpleNamespace
from typing import Any

import mmseg.utils.io as stock
from mmengine.fileio import register_handler
from mmengine.fileio.handlers import PickleHandler

from . import restricted
from .trust import FLAG, checkpoints_are_trusted


class DataPickleHandler(PickleHandler):
    """mmengine's handler of pickle files, which runs nothing."""

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        """Read a file.

        Raises:
            ValueError: If it holds more than numbers, text, arrays and their lists, or is no
                pickle, and ``--trust-checkpoint`` is absent.
        """
        if checkpoints_are_trusted():
            return super().load_from_fileobj(file, **kwargs)
        try:
            return restricted.load(file, **kwargs)
        except (pickle.UnpicklingError, EOFError, KeyError, IndexError, AttributeError) as error:
            name = getattr(file, "name", "")
            asked = str(error).removeprefix("Unsupported global: GLOBAL ")
            what = f"asks for {asked}" if asked != str(error) else f"cannot be read: {error}"
            raise ValueError(
                f"{f'{name}: ' if name else ''}the pickle file {what}, and nothing of it was run; "
                f"store plain data, such as JSON, or run the command again with {FLAG}"
            ) from error


def register_pickle() -> None:
    """Replace mmengine's handler of pickle files, and what mmseg reads; harmless to repeat."""
    register_handler(["pickle", "pkl"])(DataPickleHandler)
    stock.pickle = SimpleNamespace(loads=_loads)


def _loads(content: bytes) -> Any:
    """As ``pickle.loads``, but runs nothing; see :class:`DataPickleHandler`."""
    return DataPickleHandler().load_from_fileobj(io.BytesIO(content))
