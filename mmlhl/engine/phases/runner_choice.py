"""The runner that a config names."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.registry import RUNNERS as MMENGINE_RUNNERS
from mmengine.runner import Runner
from mmseg.registry import RUNNERS

from ...registered import registered, registered_class
from ...spelling import hint


def check_runner(cfg: Mapping) -> None:
    """Refuse a runner that is not registered, and one that would ignore the phases.

    Raises:
        ValueError: Naming ``runner_type`` and what would be right.
    """
    kind = cfg.get("runner_type")
    if kind is not None and not isinstance(kind, (str, type)):
        raise ValueError(f"runner_type must name a class, such as 'LifelongRunner', got {kind!r}")
    if isinstance(kind, str) and registered(RUNNERS, kind) is None:
        names = [*RUNNERS.module_dict, *MMENGINE_RUNNERS.module_dict]
        near = hint(kind, names) or "; is its module in custom_imports?"
        raise ValueError(f"runner_type: {kind!r} is not registered{near}")
    ignores = kind is None or registered_class(RUNNERS, kind) is Runner  # not one of the user's
    if ignores and cfg.get("phases") is not None:
        given = "is not set" if kind is None else f"is {kind!r}"
        raise ValueError(
            f"runner_type {given}, with which phases have no effect: write "
            "runner_type='LifelongRunner', or leave the phases out"
        )
