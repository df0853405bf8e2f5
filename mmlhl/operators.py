"""A placeholder for mmcv's compiled operators if they are not installed, as with mmcv-lite.

The classic mmsegmentation imports all of them together with its ``utils``, but only few of its
models call them, and mmlhl uses none of these.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, NoReturn

NAME = "mmcv._ext"


class MissingOperators(ModuleType):
    """Replaces the compiled module: every operator exists and raises an error if called."""

    def __getattr__(self, name: str) -> Any:
        """A function that raises an error; queries of compiler versions return ``n/a``."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name.startswith("get_compil"):  # mmcv's environment report
            return lambda: "n/a"

        def missing(*args: Any, **kwargs: Any) -> NoReturn:
            raise RuntimeError(
                f"mmcv's compiled operator {name!r} is not installed: install mmcv with its "
                "operators, after PyTorch, in place of mmcv-lite or of an mmcv without them"
            )

        return missing


def import_mmseg() -> None:
    """Import mmseg's utilities, even if mmcv's compiled operators are missing."""
    try:
        importlib.import_module("mmseg.utils")
    except ModuleNotFoundError as error:
        if error.name != NAME:
            raise
        sys.modules[NAME] = MissingOperators(NAME)
        try:
            importlib.import_module("mmseg.utils")
        finally:  # mmengine looks it up to learn whether there are operators
            del sys.modules[NAME]
