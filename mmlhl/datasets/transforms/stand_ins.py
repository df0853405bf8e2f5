"""Stock transforms that are given as a class, in mmseg's registry.

By name the registry finds ours, which move every label. A class would be built as it is.
"""

from __future__ import annotations

import inspect
from typing import Any

from mmengine.registry import Registry, build_from_cfg
from mmseg.registry import TRANSFORMS


def stand_in(kind: Any) -> Any:
    """What stands for a type in mmseg's registry.

    Args:
        kind: A name, or a class.

    Returns:
        Our subclass of a stock class that moves pixels; anything else as it is.
    """
    ours = TRANSFORMS.module_dict.get(kind.__name__) if inspect.isclass(kind) else None
    if ours is None or not issubclass(ours, kind) or ours.__module__.split(".")[0] != "mmlhl":
        return kind
    return ours


def build_transform(cfg: dict, registry: Registry, default_args: dict | None = None) -> Any:
    """Build a transform as mmengine does, a stock class by its stand-in.

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
