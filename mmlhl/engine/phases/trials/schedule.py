"""Trials of a phase's schedules before phase one, followed to the end of the phase."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.optim import OptimWrapperDict, _ParamScheduler
from mmengine.optim.scheduler import LinearParamScheduler, ReduceOnPlateauParamScheduler
from mmseg.registry import PARAM_SCHEDULERS

from ....config_values import is_number
from ....faulty_option import option_named
from ....registered import type_name
from ..checking.schedule_values import CURVES, NEVER
from ..lengths import training_length
from ..schedules import schedulers
from .build import named
from .optimiser import restored_groups

#: greatest number of steps that are followed
STEPS = 2000
#: share of a phase from which a rate that stays at the end of a curve is said
TAIL = 0.1


def try_schedules(
    cfg: Config, built: Any, batches: int | None, steps: int | None, where: str
) -> None:
    """Build the schedules of a phase's optimiser, which check their options, and follow each.

    Raises:
        ValueError: Naming the schedule that cannot be built, ends before the phase, or reaches an
            invalid rate.
    """
    length = training_length(cfg)
    epochs = length.count if length is not None and length.by_epoch else None
    falling = []  # curves that are over before the phase
    last: dict[int, int] = {}  # by optimiser, the step at which a schedule acts last
    for key, config, optimizer in _by_optimizer(cfg, built, where):
        build = partial(
            PARAM_SCHEDULERS.build,
            default_args=dict(optimizer=optimizer, epoch_length=batches or 1),
        )
        place = f"{where}: {key} ({type_name(config)})"
        end = epochs if config.get("by_epoch", True) else steps
        ended = dict(config)
        if end is not None and config.get("begin", 0) < end:  # as mmengine's runner does
            ended.setdefault("end", end)
        with restored_groups(optimizer):
            scheduler = named(place, _built, build, ended)
            if isinstance(scheduler, ReduceOnPlateauParamScheduler):  # asks for a metric
                continue
            if not hasattr(scheduler, "by_epoch"):
                raise ValueError(
                    f"{place} has no by_epoch, by which mmengine's hook decides when to step it: "
                    "derive it from a class of mmengine.optim.scheduler"
                )
            if not isinstance(scheduler, _ParamScheduler):  # steps as it likes
                continue
            count = (epochs if scheduler.by_epoch else steps) or 0
            _check_cycle(config, scheduler, count, place)
            _check_reach(config, scheduler, count, place)
            named(place, _follow, scheduler, min(count, STEPS))
            if scheduler.param_name != "lr":
                continue
            unit = (batches or 1) if scheduler.by_epoch else 1
            last[id(optimizer)] = max(last.get(id(optimizer), 0), scheduler.end * unit)
            if _falls(scheduler) and _lowest(scheduler) <= (1 - TAIL) * count:
                falling.append((place, id(optimizer), scheduler, count, scheduler.end * unit))
    for place, optimizer, scheduler, count, end in falling:
        if end == last[optimizer]:
            _say_tail(scheduler, count, place)


def _falls(scheduler: Any) -> bool:
    """Whether a curve ends with a small rate, as a warm-up does not."""
    if isinstance(scheduler, LinearParamScheduler):
        return scheduler.end_factor < scheduler.start_factor
    return isinstance(scheduler, CURVES)


def _lowest(scheduler: Any) -> int:
    """The step at which a falling curve has its lowest rate."""
    return int(min(scheduler.end, scheduler.begin + (_span(scheduler) or scheduler.end)))


def _say_tail(scheduler: Any, count: int, place: str) -> None:
    """Warn of a curve that is over long before the phase, as if training had been shorter."""
    unit = "epoch(s)" if scheduler.by_epoch else "iteration(s)"
    top = getattr(scheduler, "T_max", None)
    if top is not None and scheduler.begin + top < scheduler.end:
        over, then = f"has T_max={top}", "rises again; with T_max as long as the phase it does not"
    else:
        over = f"ends at {scheduler.end}"
        then = "stays as small as it is then; without 'end' it falls until the phase ends"
    print_log(
        f"{place} {over}, but the phase takes {count} {unit}: the learning rate {then}",
        "current",
        logging.WARNING,
    )


def _built(build: Callable[[dict], Any], config: dict) -> Any:
    try:
        return build(dict(config))
    except Exception as error:  # a constructor may raise anything
        text = option_named(lambda options: build(dict(options)), config, error)
        raise ValueError(text) from error


def _by_optimizer(cfg: Config, built: Any, where: str) -> Iterator[tuple[str, Mapping, Any]]:
    """Each schedule's key, its config and an optimiser that it changes."""
    if not isinstance(built, OptimWrapperDict):
        for index, config in enumerate(schedulers(cfg)):
            yield f"param_scheduler[{index}]", config, built.optimizer
        return
    node = cfg.get("param_scheduler")
    own = isinstance(node, Mapping) and "type" not in node  # else all have the same
    names = list(built.keys())
    if own and sorted(node) != sorted(names):
        raise ValueError(
            f"{where}: param_scheduler has schedules for {sorted(node)}, but the optimisers are "
            f"{names}: write one entry for each"
        )
    for name, wrapper in built.items():
        key = f"param_scheduler.{name}" if own else "param_scheduler"
        for index, config in enumerate(
            schedulers(dict(param_scheduler=node[name] if own else node))
        ):
            yield f"{key}[{index}]", config, wrapper.optimizer


def _check_cycle(config: Mapping, scheduler: Any, count: int, place: str) -> None:
    """Refuse a cycle shorter than the phase, which would fail at the step after its end."""
    total = getattr(scheduler, "total_steps", None)
    last = min(count, scheduler.end - 1) if "end" in config else count
    if total is not None and last - scheduler.begin > total:
        unit = "epochs" if scheduler.by_epoch else "iterations"
        raise ValueError(
            f"{place}: total_steps={config.get('total_steps')} is over before the phase, which "
            f"takes {count} {unit}: take as many, or let the schedule end with the cycle by end"
        )


def _check_reach(config: Mapping, scheduler: Any, count: int, place: str) -> None:
    """Refuse a schedule that begins after the phase, and warn of one that acts or ends after it."""
    if not count:  # unknown
        return
    unit = "epoch(s)" if scheduler.by_epoch else "iteration(s)"
    length = f"training takes {count} {unit}"
    if scheduler.begin >= count:
        raise ValueError(
            f"{place} begins at {scheduler.begin}, but {length}, so it would never act: let it "
            "begin before, or leave it out"
        )
    first = min(getattr(scheduler, "milestones", None) or [getattr(scheduler, "step_size", 0)])
    if first + scheduler.begin >= count:
        effect = f"changes nothing before {first + scheduler.begin}"
    elif isinstance(scheduler, CURVES) and count < (end := _curve_end(config, scheduler)) < NEVER:
        effect = f"ends at {end}"
    else:
        return
    print_log(f"{place} {effect}, but {length}", "current", logging.WARNING)


def _curve_end(config: Mapping, scheduler: Any) -> int:
    """The step at which a curve is complete; with an ``end`` of its own, the end."""
    span = _span(scheduler)
    return int(scheduler.end if span is None or "end" in config else scheduler.begin + span)


def _span(scheduler: Any) -> int | None:
    """Steps from a curve's begin to its lowest rate, if they are not those to its end."""
    return getattr(scheduler, "total_steps", None) or getattr(scheduler, "T_max", None)


def _follow(scheduler: Any, count: int) -> None:
    name = scheduler.param_name
    scheduler.optimizer._global_step = 1  # avoids the warning that the optimiser takes no steps
    greatest = 0.0
    for step in range(count + 1):
        for group in scheduler.optimizer.param_groups:
            value = group.get(name, 0)
            if not (is_number(value) and math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value} after {step} steps; it must be a number >= 0")
            if step < count:  # the last value is that after the phase
                greatest = max(greatest, value)
        if step < count:
            scheduler.step()
    if not greatest and 0 < count < STEPS and name == "momentum":
        raise ValueError(f"momentum is 0 in each of {count} steps, so this would change nothing")
    if name == "lr" and not greatest and 0 < count < STEPS:  # otherwise it may rise later
        raise ValueError(f"lr is 0 in each of {count} steps, so nothing would be trained")
