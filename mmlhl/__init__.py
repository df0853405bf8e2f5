"""Lifelong heterogeneous learning of dense prediction, as an extension of MMSegmentation.

Importing the package registers its models, datasets, transforms, hooks, runners and metrics in
mmseg's registries. Configs do so with `custom_imports = dict(imports=['mmlhl'])`.
"""

import sys as _sys
from pathlib import Path as _Path

from .version import __version__


def _in_doctor() -> bool:
    """Whether this is `mmlhl doctor`, which has to run where what is imported below is broken."""
    program, *arguments = _sys.argv or [""]
    return _Path(program).stem in ("mmlhl", "__main__", "-m") and arguments[:1] == ["doctor"]


if not _in_doctor():
    try:
        import mmcv  # noqa: F401
        import mmengine  # noqa: F401
        import mmseg  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name not in ("mmseg", "mmcv", "mmengine"):
            raise
        raise ImportError(
            f"mmlhl extends MMSegmentation, but the module '{error.name}' is not installed. "
            'Install the maintained packages with `pip install "mmlhl[onedl]"` or the classic ones '
            'with `pip install "mmlhl[classic]"` (one of the two: they install over each other).'
        ) from error

    from . import datasets, engine, evaluation, inference, models, visualization
    from .paths import register_config_prefix
    from .registry import list_own_classes

    register_config_prefix()
    list_own_classes()

__all__ = [
    "__version__",
    "datasets",
    "engine",
    "evaluation",
    "inference",
    "models",
    "visualization",
]
