"""Our replacements for stock transforms and datasets that are given as a class.

Given a name, the registry finds ours, which move every label; a class would be built as it is. In
a dataset's pipeline :mod:`~mmlhl.datasets.pipelines` replaces it. But samples also pass transforms
of mmseg's ``MultiImageMixDataset`` or of an inferencer, and if these move pixels without a trace,
such as by a rotation, no later check detects it. Only the builders of mmseg's registries see all
of them: a name can be registered anew, a subclass chosen by its name, but a class given to a plain
mmengine ``Runner`` passes nowhere else. So importing this module replaces these two builders.
They change nothing else: a class without a replacement is built as before, and a replacement
treats mmseg's own samples exactly like its base class, as a test verifies for whole trainings of
mmseg's.
"""

from __future__ import annotations

import inspect
from typing import Any

from mmengine.registry import Registry, build_from_cfg
from mmseg.registry import DATASETS, TRANSFORMS


def stand_in(kind: Any, registry: Registry) -> Any:
    """Our replacement for a type.

    Returns:
        Our subclass that is registered by the name of a stock class; anything else unchanged.
    """
    ours = registry.module_dict.get(kind.__name__) if inspect.isclass(kind) else None
    if (
        not inspect.isclass(ours)
        or not issubclass(ours, kind)
        or ours.__module__.split(".")[0] != "mmlhl"
    ):
        return kind
    return ours


def build_stand_in(cfg: dict, registry: Registry, default_args: dict | None = None) -> Any:
    """Build an object as mmengine does, but a stock class by its replacement."""
    if isinstance(cfg, dict) and inspect.isclass(cfg.get("type")):
        cfg = {**cfg, "type": stand_in(cfg["type"], registry)}
    return build_from_cfg(cfg, registry, default_args)


for each in (TRANSFORMS, DATASETS):
    each.build_func = build_stand_in
