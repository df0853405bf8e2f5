"""Stock transforms that are given as a class, in mmseg's registry.

By name the registry finds ours, which move every label. A class would be built as it is. A
dataset's own pipeline needs no help, since :mod:`~mmlhl.datasets.pipelines` looks at each step. But
samples meet other transforms as well, those of mmseg's ``MultiImageMixDataset`` or of an
inferencer, and what they move without leaving a trace, such as a rotation, no later check finds.
Only the registry's builder sees all of them. It changes nothing else: a class without a stand-in is
built as before, and a stand-in treats samples without annotations of several kinds as its base
class does, bit for bit, which a test holds for whole trainings of mmseg's own.
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
