"""Our replacements for stock transforms that are given as a class.

Given a name, the registry finds our transforms, which move every label; a class would be built
as it is. In a dataset's pipeline :mod:`~mmlhl.datasets.pipelines` replaces it. But samples also
pass transforms of mmseg's ``MultiImageMixDataset`` or of an inferencer, and if these move pixels
without a trace, such as by a rotation, no later check detects it. Only the builder of mmseg's
registry sees all of them. It changes nothing else: a class without a replacement is built as
before, and a replacement treats mmseg's own samples exactly like its base class, as a test
verifies for whole trainings of mmseg's.
"""

from __future__ import annotations

import inspect
from typing import Any

from mmengine.registry import Registry, build_from_cfg
from mmseg.registry import TRANSFORMS


def stand_in(kind: Any) -> Any:
    """Our replacement for a transform's type.

    Args:
        kind: A name, or a class.

    Returns:
        Our subclass of a stock class that moves pixels; anything else unchanged.
    """
    ours = TRANSFORMS.module_dict.get(kind.__name__) if inspect.isclass(kind) else None
    if ours is None or not issubclass(ours, kind) or ours.__module__.split(".")[0] != "mmlhl":
        return kind
    return ours


def build_transform(cfg: dict, registry: Registry, default_args: dict | None = None) -> Any:
    """Build a transform as mmengine does, but a stock class by its replacement.

    Args:
        cfg: Config with ``type``.
        registry: mmseg's registry of transforms.
        default_args: As in mmengine.

    Returns:
        The transform.
    """
    if inspect.isclass(cfg.get("type")):
        cfg = {**cfg, "type": stand_in(cfg["type"])}
    return build_from_cfg(cfg, registry, default_args)


TRANSFORMS.build_func = build_transform
