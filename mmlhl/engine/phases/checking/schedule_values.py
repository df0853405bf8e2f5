"""Checks of the options of schedules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmengine.optim.scheduler import (
    CosineAnnealingParamScheduler,
    CosineRestartParamScheduler,
    LinearParamScheduler,
    OneCycleParamScheduler,
    PolyParamScheduler,
)
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.momentum_scheduler import MomentumSchedulerMixin
from mmseg.registry import PARAM_SCHEDULERS

from ....config_values import is_whole
from ....option_rules import (
    ABOVE_0,
    FROM_0,
    SWITCH,
    WHOLE,
    Rule,
    check_options,
    each,
    if_set,
    whole,
)
from ....registered import names_class, registered_class, type_name
from ..lengths import trains_by_epoch
from ..schedules import NEVER, follows_a_metric, schedulers
from .signatures import undefaulted

#: schedules whose curve has an end, and the option besides ``end`` that sets it
_CURVES = (
    (LinearParamScheduler, None),
    (PolyParamScheduler, None),
    (CosineAnnealingParamScheduler, "T_max"),
    (OneCycleParamScheduler, "total_steps"),
)
#: a schedule with restarts needs one of them
_LEAST = ("eta_min", "eta_min_ratio")
_OPTIONS: dict[str, Rule] = {
    **dict.fromkeys(
        ("begin", "end"), (lambda value: is_whole(value) or value == math.inf, WHOLE[1])
    ),
    "milestones": if_set((lambda value: bool(value) and _rise(value), "increasing whole numbers")),
    "periods": if_set(
        (
            lambda value: _are_whole(value) and all(number >= 1 for number in value),
            "a list of whole numbers >= 1",
        )
    ),
    # options that count steps or validations
    **dict.fromkeys(("T_max", "total_steps", "step_size"), if_set(whole(1))),
    **dict.fromkeys(("patience", "cooldown"), if_set(whole(0))),
    "convert_to_iter_based": if_set(SWITCH),
    # a rate that is 0 stays 0, as each step multiplies the previous one
    **dict.fromkeys(("eta_max", "start_factor", "factor", "gamma"), if_set(each(ABOVE_0))),
    **dict.fromkeys(("div_factor", "final_div_factor"), if_set(each(ABOVE_0))),
    **dict.fromkeys((*_LEAST, "min_value", "power", "eps"), if_set(each(FROM_0))),
    "restart_weights": if_set(
        (
            lambda value: isinstance(value, (list, tuple)) and each(FROM_0)[0](value),
            "a list of numbers >= 0, one per period",
        )
    ),
}
#: classes of schedules whose curve has an end
CURVES = tuple(cls for cls, _ in _CURVES)


def check_schedules(cfg: Mapping, where: str = "") -> None:
    """Refuse schedules that would change nothing, or never reach their end.

    Raises:
        ValueError: Naming the key, the value and what would be right.
    """
    for index, scheduler in enumerate(schedulers(cfg)):
        place = f"{where}param_scheduler[{index}]"
        check_options(scheduler, _OPTIONS, place)
        begin, end = scheduler.get("begin", 0), scheduler.get("end", math.inf)
        if begin < 0 or begin >= end:
            raise ValueError(f"{place} begins at {begin} and ends at {end}")
        _check_complete(scheduler, place)
        _check_plateau(cfg, scheduler, place)
        _check_end(scheduler, place)


def check_units(cfg: Mapping, where: str = "") -> None:
    """Refuse schedules that count epochs in a phase without epochs, or end after the first.

    Raises:
        ValueError: Naming the schedule.
    """
    if trains_by_epoch(cfg) is not False:
        return
    for index, scheduler in enumerate(schedulers(cfg)):
        if not scheduler.get("by_epoch", True) or follows_a_metric(scheduler):
            continue
        place = f"{where}param_scheduler[{index}] ({type_name(scheduler)}) counts epochs"
        if not scheduler.get("convert_to_iter_based"):
            raise ValueError(
                f"{place}, but train_cfg trains by iterations, so it would never change anything: "
                "set by_epoch=False and count iterations"
            )
        if "end" not in scheduler:  # by default mmengine takes the loop's max_epochs, which is 1
            raise ValueError(
                f"{place} and has no end, but train_cfg trains by iterations, so it would end "
                "after one epoch: set by_epoch=False and leave convert_to_iter_based out, or set "
                "end"
            )


def _check_complete(scheduler: Mapping, place: str) -> None:
    """Refuse a scheduler of mmengine without an option that it cannot do without."""
    cls = registered_class(PARAM_SCHEDULERS, scheduler)
    if cls is None or cls.__module__.split(".")[0] != "mmengine":
        return
    needed = set(undefaulted(cls)) - {"optimizer"}
    if issubclass(cls, (LRSchedulerMixin, MomentumSchedulerMixin)):  # which name it
        needed -= {"param_name"}
    if issubclass(cls, OneCycleParamScheduler):  # by default 0, so that nothing would be trained
        needed |= {"eta_max"}
    for name in sorted(needed):
        if scheduler.get(name) is None:
            raise ValueError(f"{place}.{name} is not set, and {cls.__name__} needs it")
    if issubclass(cls, CosineRestartParamScheduler):
        given = [key for key in _LEAST if scheduler.get(key) is not None]
        if len(given) != 1:
            which = f"both {' and '.join(_LEAST)}" if given else f"neither {' nor '.join(_LEAST)}"
            raise ValueError(f"{place} ({cls.__name__}) sets {which}: set one, such as eta_min=0")


def _check_end(scheduler: Mapping, place: str) -> None:
    """Refuse a curve that is stretched over 10^9 steps.

    Without ``end`` mmengine takes the length of training.
    """
    if scheduler.get("end", 0) < NEVER:
        return
    for cls, also in _CURVES:
        given = also is not None and scheduler.get(also) is not None
        if given or not names_class(PARAM_SCHEDULERS, scheduler, cls):
            continue
        instead = f", or set {also}" if also else ""
        raise ValueError(
            f"{place} ({type_name(scheduler)}) ends at {scheduler['end']}, so it would stay where "
            f"it begins: leave end out, so that it ends with training{instead}"
        )


def _check_plateau(cfg: Mapping, scheduler: Mapping, place: str) -> None:
    """Refuse a schedule that follows a metric without a validation of that metric."""
    if not follows_a_metric(scheduler):
        return
    if cfg.get("val_cfg") is None:
        raise ValueError(
            f"{place} ({type_name(scheduler)}) follows a metric, but nothing validates: "
            "set val_cfg, val_dataloader and val_evaluator"
        )
    monitor = scheduler.get("monitor", "loss")
    heads = list((cfg.get("model") or {}).get("heads") or {})
    if not heads:  # metrics of a model without tasks have any names
        return
    task, slash, _ = str(monitor).partition("/")
    if not slash or task not in heads:
        raise ValueError(
            f"{place}.monitor is {monitor!r}; a validation gives <task>/<metric>, and tasks are "
            f"{heads}"
        )


def _are_whole(steps: Any) -> bool:
    return isinstance(steps, (list, tuple)) and all(is_whole(step) for step in steps)


def _rise(steps: Any) -> bool:
    return _are_whole(steps) and all(a < b for a, b in zip([0, *steps], steps, strict=False))
