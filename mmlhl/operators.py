"""A stand-in for mmcv's compiled operators where they are not installed, as in mmcv-lite.

The classic mmsegmentation imports them all as soon as its ``utils`` are, and calls few: none of
what this package uses.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, NoReturn

NAME = "mmcv._ext"


class MissingOperators(ModuleType):
    """Stands in for the compiled module: every operator is there, and raises an error."""

    def __getattr__(self, name: str) -> Any:
        """An operator that cannot be called; what asks for compilers says ``n/a``."""
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
    """Import mmseg's utilities; where compiled operators are all that they lack, without these."""
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
