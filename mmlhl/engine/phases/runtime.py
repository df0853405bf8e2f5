"""Checks of a config's options of running: seed, log, intervals of checkpoints."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import EMAHook
from mmseg.registry import HOOKS

from ...config_values import is_whole
from ...option_rules import Rule, check_options, if_set
from ...registered import names_class, registered_class
from .checking.hook_options import check_hook_options
from .checking.runner_options import check_runner_options
from .moments import all_hooks, is_hook
from .save_best import checkpoint_hooks

#: hooks that each phase of a sequence gets in any case
_ADDED = {"LifelongPhaseHook", "PhaseResultHook", "ProgressHook", "ReproducibleHook"}
_ADDED |= {"RankStateHook", "MissedValidationHook", "StopRequestHook"}


def check_runtime(cfg: Mapping, where: str = "") -> None:
    """Refuse invalid options of the runner and of hooks.

    Raises:
        ValueError: Naming the key, its value and what would be right.
    """
    check_runner_options(cfg, where)
    _check_intervals(cfg, where)
    check_hook_options(cfg, where)
    for place, hook in all_hooks(cfg):
        if is_hook(hook, "PrepareTTAHook"):
            raise ValueError(
                f"{where}{place}: PrepareTTAHook wraps a model that is only tested; leave it out, "
                "and test with --tta"
            )
    for hook in checkpoint_hooks(cfg):
        check_options(hook, _SAVING, f"{where}checkpoint")


def check_added(cfg: Mapping, where: str = "") -> None:
    """Refuse hooks that each phase of a sequence gets in any case."""
    for place, hook in all_hooks(cfg):
        added = next((name for name in _ADDED if is_hook(hook, name)), None)
        if added is not None:
            raise ValueError(
                f"{where}{place}: each phase gets a {added}, and a second one would act as well: "
                "leave it out; phases[i].name, pseudo_labels and so on have keys of their own"
            )


def _names_steps(template: object) -> bool:
    """Whether a template of names differs by step; else checkpoints would overwrite each other."""
    try:
        names = {str(template).format(step) for step in (1, 2)}
    except (IndexError, KeyError, ValueError):
        return False
    return isinstance(template, str) and len(names) == 2


def _or_minus_1(meaning: str) -> Rule:
    return (lambda value: value == -1 or is_whole(value) and value > 0), (
        f"a whole number >= 1, or -1 for {meaning}"
    )


#: options of hooks that save checkpoints
_SAVING: dict[str, Rule] = {
    "out_dir": if_set((lambda value: isinstance(value, (str, os.PathLike)), "one string")),
    "filename_tmpl": if_set((_names_steps, "a name with one '{}' for the step")),
    "interval": if_set(_or_minus_1("never")),
    "max_keep_ckpts": if_set(_or_minus_1("all")),
}


def _check_intervals(cfg: Mapping, where: str) -> None:
    """Refuse intervals of hooks that are not a whole number >= 1, or -1."""
    for place, hook in all_hooks(cfg):
        interval = hook.get("interval") if isinstance(hook, Mapping) else None
        of_ema = names_class(HOOKS, hook, EMAHook) and interval is not None
        if place == "default_hooks.checkpoint" or not _counts_steps(hook):
            continue
        if not of_ema and not isinstance(interval, (int, float)):
            continue
        if not is_whole(interval) or (interval < 1 and (of_ema or interval != -1)):
            raise ValueError(
                f"{where}{place}.interval must be a whole number >= 1, got {interval!r}"
            )


def _counts_steps(hook: Any) -> bool:
    """Whether the interval of a hook is a number of steps; a user's own may be anything."""
    cls = registered_class(HOOKS, hook)
    makers = [each for each in cls.__mro__ if "__init__" in vars(each)] if cls is not None else []
    return bool(makers) and makers[0].__module__.split(".")[0] in ("mmengine", "mmseg", "mmlhl")
