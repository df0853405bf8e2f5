"""Checks of the options of schedules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmengine.optim.scheduler import (
    CosineAnnealingParamScheduler,
    LinearParamScheduler,
    OneCycleParamScheduler,
    PolyParamScheduler,
)
from mmseg.registry import PARAM_SCHEDULERS

from ...config_values import is_whole
from ...registered import names_class, type_name
from .lengths import training_length, trains_by_epoch
from .schedules import schedulers

#: schedules whose curve has an end, and the option besides ``end`` that sets it
_CURVES = (
    (LinearParamScheduler, None),
    (PolyParamScheduler, None),
    (CosineAnnealingParamScheduler, "T_max"),
    (OneCycleParamScheduler, "total_steps"),
)
#: mmengine's default of ``end``
_NEVER = 10**9


def check_schedules(cfg: Mapping, where: str = "") -> None:
    """Refuse schedules that would change nothing, or never reach their end.

    Args:
        cfg: The config of a phase.
        where: Beginning of messages, such as ``"phases[1]: "``.

    Raises:
        ValueError: Naming the key, the value and what would be right.
    """
    for index, scheduler in enumerate(schedulers(cfg)):
        place = f"{where}param_scheduler[{index}]"
        _check_times(scheduler, place)
        _check_rates(scheduler, place)
        _check_plateau(cfg, scheduler, place)
        stays = scheduler.get("by_epoch", True) and not scheduler.get("convert_to_iter_based")
        if stays and trains_by_epoch(cfg) is False and scheduler.get("type") is not None:
            name = type_name(scheduler)
            if "Plateau" not in name:
                raise ValueError(
                    f"{place} ({name}) counts epochs, but train_cfg trains by iterations, so it "
                    "would never change anything: set by_epoch=False and count iterations"
                )
        _check_end(cfg, scheduler, place)


def _check_times(scheduler: Mapping, place: str) -> None:
    begin, end = scheduler.get("begin", 0), scheduler.get("end", math.inf)
    for key, value in (("begin", begin), ("end", end)):
        if not is_whole(value) and value != math.inf:
            raise ValueError(f"{place}.{key} must be a whole number, got {value!r}")
    steps = scheduler.get("milestones")
    if steps is not None and not (_rise(steps) and steps):
        raise ValueError(f"{place}.milestones must be increasing whole numbers, got {steps!r}")
    if begin < 0 or begin >= end:
        raise ValueError(f"{place} begins at {begin} and ends at {end}")
    for key in ("T_max", "total_steps", "step_size"):
        value = scheduler.get(key)
        if value is not None and not (is_whole(value) and value >= 1):
            raise ValueError(f"{place}.{key} must be >= 1, got {value!r}")


def _check_rates(scheduler: Mapping, place: str) -> None:
    # a rate that starts at 0 stays 0, since each step multiplies the previous rate
    for key in ("eta_max", "start_factor", "factor", "gamma"):
        value = scheduler.get(key)
        if value is not None and not (isinstance(value, (int, float)) and value > 0):
            raise ValueError(f"{place}.{key} must be a number > 0, got {value!r}")
    for key in ("eta_min", "eta_min_ratio", "min_value"):
        value = scheduler.get(key)
        listed = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(each, (int, float)) and each < 0 for each in listed):
            raise ValueError(f"{place}.{key} must be a number >= 0, got {value!r}")
    power = scheduler.get("power")
    if power is not None and not (isinstance(power, (int, float)) and power >= 0):
        raise ValueError(f"{place}.power must be a number >= 0, got {power!r}")


def _check_end(cfg: Mapping, scheduler: Mapping, place: str) -> None:
    """Refuse a curve without an end: mmengine would stretch it over 10^9 steps."""
    for cls, also in _CURVES:
        if not names_class(PARAM_SCHEDULERS, scheduler, cls):
            continue
        if scheduler.get("end", _NEVER) < _NEVER or (also and scheduler.get(also) is not None):
            continue
        length = training_length(cfg)
        in_unit = length is not None and length.by_epoch is bool(scheduler.get("by_epoch", True))
        value = f"end={length.count}" if length is not None and in_unit else "end"
        raise ValueError(
            f"{place} ({type_name(scheduler)}) has no end, so it would stay where it begins: set "
            f"{value}{f' or {also}' if also else ''}"
        )


def _check_plateau(cfg: Mapping, scheduler: Mapping, place: str) -> None:
    """Refuse a schedule that follows a metric without a validation of that metric."""
    if scheduler.get("type") is None or "ReduceOnPlateau" not in type_name(scheduler):
        return
    if cfg.get("val_cfg") is None:
        raise ValueError(
            f"{place} ({type_name(scheduler)}) follows a metric, but nothing validates: "
            "set val_cfg, val_dataloader and val_evaluator"
        )
    monitor = scheduler.get("monitor", "loss")
    heads = list((cfg.get("model") or {}).get("heads") or {})
    if str(monitor).split("/")[0] not in heads:
        raise ValueError(
            f"{place}.monitor is {monitor!r}; a validation gives <task>/<metric>, and tasks are "
            f"{heads}"
        )


def _rise(steps: Any) -> bool:
    if not isinstance(steps, (list, tuple)) or not all(is_whole(step) for step in steps):
        return False
    return all(a < b for a, b in zip([0, *steps], steps, strict=False))
