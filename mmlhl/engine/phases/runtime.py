"""Checks of a config's options of running: seed, log, intervals of checkpoints."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import EMAHook
from mmseg.registry import HOOKS

from ...config_values import is_whole
from ...registered import names_class, registered_class
from .checking.hook_options import check_hook_options
from .checking.runner_options import check_runner_options
from .moments import all_hooks, is_hook
from .save_best import checkpoint_hooks

#: options of hooks that save checkpoints, and the meaning of -1
_COUNTS = {"interval": "never", "max_keep_ckpts": "all"}


#: hooks that each phase of a sequence gets in any case
_ADDED = {"LifelongPhaseHook", "PhaseResultHook", "ProgressHook", "ReproducibleHook"}
_ADDED |= {"RankStateHook", "MissedValidationHook", "StopRequestHook"}


def check_runtime(cfg: Mapping, where: str = "") -> None:
    """Refuse an invalid seed, log level, interval or option of the runner.

    Raises:
        ValueError: Naming the key, its value and what would be right.
    """
    check_runner_options(cfg, where)
    seed = (cfg.get("randomness") or {}).get("seed")
    if seed is not None and not (is_whole(seed) and 0 <= seed < 2**32):
        raise ValueError(
            f"{where}randomness.seed must be a whole number of 0..{2**32 - 1}, got {seed!r}"
        )
    level = cfg.get("log_level")
    names = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
    if level is not None and level not in (*names, *(getattr(logging, name) for name in names)):
        raise ValueError(f"{where}log_level must be one of {names}, got {level!r}")
    _check_intervals(cfg, where)
    check_hook_options(cfg, where)
    for place, hook in all_hooks(cfg):
        added = next((name for name in _ADDED if is_hook(hook, name)), None)
        if added is not None:
            raise ValueError(
                f"{where}{place}: each phase gets a {added}, and a second one would act as well: "
                "leave it out; phases[i].name, pseudo_labels and so on have keys of their own"
            )
        if is_hook(hook, "PrepareTTAHook"):
            raise ValueError(
                f"{where}{place}: PrepareTTAHook wraps a model that is only tested; leave it out, "
                "and test with --tta"
            )
    for hook in checkpoint_hooks(cfg):
        folder = hook.get("out_dir")
        if not isinstance(folder, (str, os.PathLike, type(None))):
            raise ValueError(f"{where}checkpoint.out_dir must be one string, got {folder!r}")
        _check_template(hook.get("filename_tmpl"), f"{where}checkpoint.filename_tmpl")
        for key, meaning in _COUNTS.items():
            value = hook.get(key)
            if value is not None and not (is_whole(value) and (value > 0 or value == -1)):
                raise ValueError(
                    f"{where}checkpoint.{key} must be a whole number >= 1, or -1 for {meaning}, "
                    f"got {value!r}"
                )


def _check_template(template: object, place: str) -> None:
    """Checkpoints of one name would overwrite each other."""
    if template is None:
        return
    try:
        names = {str(template).format(step) for step in (1, 2)}
    except (IndexError, KeyError, ValueError):
        names = set()
    if not isinstance(template, str) or len(names) < 2:
        raise ValueError(f"{place} must be a name with one '{{}}' for the step, got {template!r}")


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
