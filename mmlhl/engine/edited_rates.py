"""An optimiser and a schedule that were edited in mid-phase continue with the config's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

#: what a stored schedule says of the time that has passed; the rest is the config's
COUNTERS = ("last_step", "_global_step", "_last_value", "base_values")
_COUNTED = ("params", "step")


def take_new_rates(runner: Runner, checkpoint: dict) -> None:
    """Put the config's options of optimiser and schedule into a checkpoint that is to be resumed.

    A learning rate that was edited scales the rate that the schedule has come to; weight decay,
    momentum and the like are replaced; an edited schedule leads on from there. What the optimiser
    remembers of each weight stays.

    Args:
        runner: With its optimiser and schedules built by the config.
        checkpoint: As it was loaded; changed in place.

    Raises:
        ValueError: If the config has other groups of parameters, another optimiser or other kinds
            of schedules than the checkpoint: those cannot go on.
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
    """The options of one optimiser and of its schedules."""
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
    """Bring a stored group to the config's values; how much greater its learning rate is now."""
    before, now = (each.get("initial_lr", each["lr"]) for each in (old, new))
    factor = now / before if before else 1.0
    for key in {*old, *new} - {*_COUNTED, "lr", "initial_lr"}:
        if key in old and key in new and f"initial_{key}" not in old:  # else a schedule has it
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
