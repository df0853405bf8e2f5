"""Resuming in mid-phase with edited options of the optimiser and the schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

#: entries of a stored schedule that depend on the steps taken; all others come from the config
COUNTERS = ("last_step", "_global_step", "_last_value", "base_values")
_COUNTED = ("params", "step")


def take_new_rates(runner: Runner, checkpoint: dict) -> None:
    """Put the config's options of optimiser and schedules into a checkpoint to resume from.

    An edited learning rate scales the schedule's present rate; weight decay, momentum and similar
    options are replaced; an edited schedule continues from the present step. The optimiser's state
    of each weight is kept.

    Raises:
        ValueError: If the config has other parameter groups, another optimiser or other kinds of
            schedules than the checkpoint.
    """
    stored, schedules = checkpoint.get("optimizer"), checkpoint.get("param_schedulers")
    wrapper, built = runner.optim_wrapper, runner.param_schedulers
    if not stored:
        return
    if not isinstance(wrapper, OptimWrapperDict):
        _take(stored, wrapper, schedules, built)
        return
    if {*stored} != {*wrapper.keys()}:
        raise _refusal("optim_wrapper", f"has optimisers {sorted(wrapper.keys())}, others")
    for name, each in wrapper.items():
        then, now = (it.get(name) if isinstance(it, dict) else it for it in (schedules, built))
        _take(stored[name], each, then, now)


def _take(stored: dict, wrapper: OptimWrapper, schedules: Any, built: Any) -> None:
    """Replace the options of one optimiser and of its schedules."""
    groups, own = stored["param_groups"], wrapper.optimizer.param_groups
    if [len(g["params"]) for g in groups] != [len(g["params"]) for g in own]:
        raise _refusal("optim_wrapper.paramwise_cfg", "has other groups of parameters")
    if {*groups[0]} - {"initial_lr"} != {*own[0]} - {"initial_lr"}:
        raise _refusal("optim_wrapper.optimizer.type", "is another optimiser")
    factors = [_edit(old, new) for old, new in zip(groups, own, strict=True)]
    base = stored.get("base_param_settings")
    if base is not None and wrapper.base_param_settings is not None:
        _edit(base, wrapper.base_param_settings)
    _edit_schedules(schedules, built, factors)


def _edit(old: dict, new: Mapping[str, Any]) -> float:
    """Set a stored group to the config's values; returns new / old initial learning rate."""
    before, now = (each.get("initial_lr", each["lr"]) for each in (old, new))
    factor = now / before if before else 1.0
    for key in {*old, *new} - {*_COUNTED, "lr", "initial_lr"}:
        if key in old and key in new and f"initial_{key}" not in old:  # not changed by a schedule
            old[key] = new[key]
    if now != before:
        old["lr"] = old["lr"] * factor if before else now
        if "initial_lr" in old:
            old["initial_lr"] = now
    return factor


def _edit_schedules(stored: Any, built: Any, factors: Sequence[float]) -> None:
    if not isinstance(stored, list) or not isinstance(built, list):
        return
    if len(stored) != len(built):
        raise _refusal("param_scheduler", f"has {len(built)} schedules in place of {len(stored)}")
    for index, (old, scheduler) in enumerate(zip(stored, built, strict=True)):
        new = scheduler.state_dict()
        if {*old} != {*new} or old.get("param_name") != new.get("param_name"):
            raise _refusal(f"param_scheduler[{index}]", "is another schedule")
        if old.get("param_name") == "lr":
            for key in ("base_values", "_last_value"):
                if isinstance(old.get(key), list) and len(old[key]) == len(factors):
                    old[key] = [v * f for v, f in zip(old[key], factors, strict=True)]
        old.update({key: value for key, value in new.items() if key not in COUNTERS})


def _refusal(key: str, what: str) -> ValueError:
    return ValueError(
        f"{key} {what} than the checkpoint to resume from: a phase cannot go on with that; undo "
        "the edit, or write it into the cfg of a phase that has not begun"
    )
