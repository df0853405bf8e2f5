"""Checks of points in time and intervals against the length of a phase."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from mmengine.hooks import CheckpointHook, EMAHook, ProfilerHook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ....config_values import entries, is_whole
from ....registered import names_class, registered_class
from ..lengths import training_length, trains_by_epoch
from ..moments import hooks, moments
from ..monitored import SAVE_BEST, followed
from .signatures import default_of


def check_moments(cfg: Mapping, where: str = "", iterations: int | None = None) -> None:
    """Refuse points in time after the last step of a phase, or in a unit that is not counted.

    Raises:
        ValueError: Naming the key, its value and the length.
    """
    length = training_length(cfg)
    by_epoch = trains_by_epoch(cfg)
    for moment in moments(cfg):
        value, key = moment.holder[moment.key], f"{where}{moment.place}"
        if not isinstance(value, int) or not value or not moment.begins:
            continue
        if moment.key == "val_begin":  # a value beyond all phases switches validation off
            if length is not None and value > length.count:
                _check_followed(cfg, f"{key} is {value}, but training takes {length.count}")
            continue
        if moment.by_epoch and by_epoch is False and value > 1:
            raise ValueError(
                f"{key}={value} counts epochs, but train_cfg trains by iterations, so it would "
                "never act: count iterations"
            )
        in_unit = length is not None and moment.by_epoch in (None, length.by_epoch)
        end = length.count if in_unit and length is not None else None
        if moment.by_epoch is False and iterations is not None:
            end = iterations
        elif moment.by_epoch is None and iterations is not None:
            end = max(end or 0, iterations)
        unit = "epochs" if length is not None and in_unit and length.by_epoch else "iterations"
        if moment.by_epoch is None and iterations is None:
            end = None
        if end is not None and value > end:
            raise ValueError(
                f"{key} is {value}, but training takes {end} {unit}, so it would never begin: "
                f"write at most {end}, or leave it out"
            )
    for place, count in entries(cfg.get("optim_wrapper"), "accumulative_counts", "optim_wrapper"):
        if iterations is not None and is_whole(count) and count > iterations:
            print_log(
                f"{where}{place} is {count}, but training takes {iterations} iterations: the "
                "optimiser updates the weights once, at the last of them",
                "current",
                logging.WARNING,
            )
    for place, hook in hooks(cfg):
        _check_intervals(hook, f"{where}{place}", by_epoch, iterations)


def _check_followed(cfg: Mapping, reason: str) -> None:
    """Refuse, or warn of, what follows the metrics of a phase that never validates."""
    if cfg.get("val_cfg") is None:  # said elsewhere
        return
    places = {each.place for each in followed(cfg)}
    acting = sorted(places - {SAVE_BEST})
    if acting:
        raise ValueError(
            f"{reason}, so nothing validates, and {acting[0]} never acts: let validation begin "
            "before, or leave it out"
        )
    if places:
        print_log(
            f"{SAVE_BEST} has no effect: {reason}, so nothing validates",
            "current",
            logging.WARNING,
        )


def _check_intervals(
    hook: Mapping, place: str, by_epoch: bool | None, iterations: int | None
) -> None:
    """Refuse, or warn about, intervals of a hook with which it would never act."""
    if names_class(HOOKS, hook, CheckpointHook) and iterations is None:  # else said before
        cls = registered_class(HOOKS, hook)
        counts_epochs = hook.get("by_epoch", default_of(cls, "by_epoch")) if cls else True
        if counts_epochs and by_epoch is False and hook.get("interval", -1) > 0:
            print_log(
                f"{place} counts epochs, but train_cfg trains by iterations: it saves nothing "
                "before the end of training. Set by_epoch=False and count iterations",
                "current",
                logging.WARNING,
            )
    averages = names_class(HOOKS, hook, EMAHook)
    if averages and iterations is not None and hook.get("interval", 1) > iterations:
        raise ValueError(
            f"{place}.interval is {hook['interval']}, but training takes {iterations} iterations: "
            "the averaged weights would be those of the first step"
        )
    if names_class(HOOKS, hook, ProfilerHook):
        _check_profiler(hook, place, iterations)


def _check_profiler(hook: Mapping, place: str, iterations: int | None) -> None:
    times, counts_epochs = hook.get("profile_times", 1), hook.get("by_epoch", True)
    steps = iterations if counts_epochs else times
    if not counts_epochs and iterations is not None and times > iterations:
        raise ValueError(
            f"{place}.profile_times is {times}, but training takes {iterations} iterations"
        )
    plan = hook.get("schedule") or {}
    cycle = sum(plan.get(key, 0) for key in ("skip_first", "wait", "warmup", "active"))
    if steps is not None and cycle > steps:
        raise ValueError(
            f"{place}.schedule is ready after {cycle} iterations, but only {steps} are profiled, "
            "so nothing would be recorded"
        )
