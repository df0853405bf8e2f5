"""Lifelong heterogeneous learning of dense prediction, as an extension of MMSegmentation.

Importing the package registers its models, datasets, transforms, hooks, runners and metrics in
mmseg's registries. Configs do so with `custom_imports = dict(imports=['mmlhl'])`.

The packages; the docstring of each states its content and what it may import:

- ``models/``: segmentors, heads, losses, methods, teachers. ``datasets/``: images with several
  kinds of annotation. ``evaluation/``: metrics, and the record of a sequence.
- ``engine/``: phases, runner and hooks; imports the three above and ``checkpoints/``, which reads
  checkpoints as data.
- ``inference/``: predictions for your own images, and export. ``visualization/``: pictures of maps.
- ``analysis/``: tables, plots and reports; ``rendering/``: the renderer of the rooms dataset;
  ``cli/``: the command. Only tools import these.

The modules beside the packages are small helpers that any package may use: values and files of
configs (``config_values``, ``option_rules``, ``config_files``, ``spelling``), names in registries
(``registered``; mmengine looks for ``registry``), atomic files (``files``, ``paths``,
``json_lines``), processes and random states (``ranks``, ``draws``), errors and command lines
(``explaining``, ``faulty_option``, ``refusals``, ``command_line``), and workarounds for mmcv, mmseg
and mmengine (``operators``, ``import_noise``, ``instances``).
"""

import sys as _sys
from pathlib import Path as _Path

from .import_noise import without_import_noise
from .refusals import end_imports_quietly
from .version import __version__


def _skips_imports() -> bool:
    """Whether this process does not need the imports below.

    These are `mmlhl doctor`, which must run in a broken installation, and the list of commands,
    which should appear at once.
    """
    program, *arguments = _sys.argv or [""]
    name, first = _Path(program).stem, arguments[:1]
    listing = name == "mmlhl" and first in ([], ["-h"], ["--help"])
    return listing or (name in ("mmlhl", "__main__", "-m") and first == ["doctor"])


end_imports_quietly()
if not _skips_imports():
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
            'with `pip install "mmlhl[classic]"` (one of the two: they install over each other)'
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
