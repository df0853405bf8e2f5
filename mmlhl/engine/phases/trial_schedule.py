"""The schedules of a phase, built and followed to its end before phase one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from mmengine.config import Config
from mmengine.optim import OptimWrapperDict
from mmengine.optim.scheduler import ReduceOnPlateauParamScheduler
from mmseg.registry import PARAM_SCHEDULERS

from ...registered import type_name
from .lengths import training_length
from .schedules import schedulers
from .trial_build import named

#: a longer phase is followed so far: what depends on the length alone shows before
STEPS = 2000


def try_schedules(
    cfg: Config, built: Any, batches: int | None, steps: int | None, where: str
) -> None:
    """Build the schedules of a phase's optimiser, which check their options, and follow each.

    Args:
        cfg: the phase's config.
        built: its optimiser's wrapper; its rates are left as they are.
        batches: per epoch, None if not known.
        steps: of the phase, None if not known.
        where: how messages begin.

    Raises:
        ValueError: naming the schedule that cannot be built, is over before the phase or comes to a
            rate that is none.
    """
    if isinstance(built, OptimWrapperDict):  # several: each has its own schedule
        return
    length = training_length(cfg)
    epochs = length.count if length is not None and length.by_epoch else None
    for index, config in enumerate(schedulers(cfg)):
        options = dict(optimizer=built.optimizer, epoch_length=batches or 1)
        build = partial(PARAM_SCHEDULERS.build, default_args=options)
        place = f"{where}: param_scheduler[{index}] ({type_name(config)})"
        with _resting(built.optimizer):
            scheduler = named(place, build, dict(config))
            if isinstance(scheduler, ReduceOnPlateauParamScheduler):  # asks for a metric
                continue
            count = (epochs if scheduler.by_epoch else steps) or 0
            _check_cycle(config, scheduler, count, place)
            named(place, _follow, scheduler, min(count, STEPS))


def _check_cycle(config: Mapping, scheduler: Any, count: int, place: str) -> None:
    """A cycle that is over raises an error at the next step."""
    total = getattr(scheduler, "total_steps", None)
    if total is not None and min(count, scheduler.end - 1) - scheduler.begin > total:
        unit = "epochs" if scheduler.by_epoch else "iterations"
        raise ValueError(
            f"{place}: total_steps={config.get('total_steps')} is over before the phase, which "
            f"takes {count} {unit}: take as many, or let the schedule end with the cycle by end"
        )


def _follow(scheduler: Any, count: int) -> None:
    name = scheduler.param_name
    scheduler.optimizer._global_step = 1  # else each is warned of that the optimiser takes no step
    for step in range(count + 1):
        for group in scheduler.optimizer.param_groups:
            value = group.get(name, 0)
            if not (isinstance(value, (int, float)) and math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value} after {step} steps; it must be a number >= 0")
        if step < count:
            scheduler.step()


@contextmanager
def _resting(optimizer: Any) -> Iterator[None]:
    """Within, rates may change; they are what they were when it is left."""
    kept = [{**group} for group in optimizer.param_groups]
    try:
        yield
    finally:
        for group, before in zip(optimizer.param_groups, kept, strict=True):
            group.clear()
            group.update(before)
