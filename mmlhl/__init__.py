"""Lifelong heterogeneous learning of dense prediction, as an extension of MMSegmentation.

Importing the package registers its models, datasets, transforms, hooks, runners and metrics in
mmseg's registries. Configs do so with `custom_imports = dict(imports=['mmlhl'])`.

The rooms, each with a docstring that says what it holds and may import:

- ``models/``: segmentors, heads, losses, methods, teachers. ``datasets/``: images with several
  kinds of annotation. ``evaluation/``: metrics, and the record of a sequence.
- ``engine/``: phases, runner and hooks; imports the three above and ``checkpoints/``, by which
  checkpoints are read as data.
- ``inference/``: maps of one's own images, and export. ``visualization/``: pictures of maps.
- ``analysis/``: tables, plots and reports; ``rendering/``: the rooms' renderer; ``cli/``: the
  command. Only tools import these.

The files beside the rooms are small helpers that each may use: values and files of configs
(``config_values``, ``config_files``, ``spelling``), names in registries (``registered``; mmengine
looks for ``registry``), atomic files (``files``, ``paths``), processes and random states
(``ranks``, ``draws``), errors and command lines (``explaining``, ``refusals``, ``command_line``),
and what mmcv, mmseg and mmengine leave behind (``operators``, ``import_noise``, ``instances``).
"""

import sys as _sys
from pathlib import Path as _Path

from .import_noise import without_import_noise
from .version import __version__


def _needs_nothing() -> bool:
    """Whether this is `mmlhl doctor`, which has to run where what is imported below is broken.

    Or `mmlhl` with nothing but the wish for its commands, which need not wait for it.
    """
    program, *arguments = _sys.argv or [""]
    name, first = _Path(program).stem, arguments[:1]
    listing = name == "mmlhl" and first in ([], ["-h"], ["--help"])
    return listing or (name in ("mmlhl", "__main__", "-m") and first == ["doctor"])


if not _needs_nothing():
    try:
        with without_import_noise():
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

    from .operators import import_mmseg

    with without_import_noise():
        import_mmseg()
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
