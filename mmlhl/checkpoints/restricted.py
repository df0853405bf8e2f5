"""Weights-only loading for torch before 2.6, which itself cannot read mmengine's checkpoints."""

from __future__ import annotations

import _compat_pickle
import pickle
import types
from typing import IO, Any

from torch import _weights_only_unpickler

from .safe_globals import data_globals

#: The implementation in Python, whose handling of single instructions can be overridden.
_PythonUnpickler: Any = pickle._Unpickler


class Unpickler(_PythonUnpickler):
    """Unpickles the classes on torch's own list and of :func:`data_globals` only."""

    dispatch = dict(_PythonUnpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        """The class or function of a name.

        Raises:
            pickle.UnpicklingError: If it is not on the list.
        """
        if self.proto < 3:  # Python 2's names, which torch.save writes
            module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
            module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        known = {**_weights_only_unpickler._get_allowed_globals(), **data_globals()}
        full = f"{module}.{name}"
        if full not in known:
            raise pickle.UnpicklingError(f"Unsupported global: GLOBAL {full}")
        return known[full]

    def load_build(self) -> None:
        """Set the state of an object, but not of a class or function on the list.

        Raises:
            pickle.UnpicklingError: If the file would change a class or function.
        """
        target = self.stack[-2]
        if isinstance(target, (type, types.FunctionType, types.BuiltinFunctionType)):
            raise pickle.UnpicklingError(f"the checkpoint changes {target!r}")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


def load(file: IO[bytes], **kwargs: Any) -> Any:
    """As ``pickle.load``, so that torch accepts this module as a ``pickle_module``."""
    return Unpickler(file, **kwargs).load()
