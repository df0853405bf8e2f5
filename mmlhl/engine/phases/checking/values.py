"""Checks of values in a config: lengths, batches, loss weights, schedules."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from multiprocessing import get_all_start_methods
from typing import Any

from mmengine.dataset import InfiniteSampler
from mmseg.registry import DATA_SAMPLERS

from ....config_values import as_list, entries, is_whole, leaves, names
from ....option_rules import (
    BOOL,
    FROM_0,
    SWITCH,
    Rule,
    check_option,
    check_options,
    if_set,
    number,
    whole,
)
from ....registered import names_class
from ....spelling import hint
from ..grammar import LOADERS
from ..monitored import plateaus
from ..optimisation import check_optimisation
from ..runtime import check_runtime
from ..save_best import checkpoint_hooks, early_stopping_hooks
from .left_out import lacking
from .schedule_values import check_schedules

LENGTHS = ("max_epochs", "max_iters")


def _are_rising_pairs(value: Any) -> bool:
    """Whether mmengine's loop can read intervals, which it takes unchecked."""
    if not isinstance(value, (list, tuple)) or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(is_whole, pair))
        for pair in value
    ):
        return False
    begins = [begin for begin, _ in value]
    return begins == sorted({*begins}) and all(b >= 0 and every >= 1 for b, every in value)


_LOOP: dict[str, Rule] = {
    "val_begin": whole(0),
    **dict.fromkeys((*LENGTHS, "val_interval"), whole(1)),
    "dynamic_intervals": if_set(
        (
            _are_rising_pairs,
            "a list of pairs (begin, interval) of whole numbers, with rising begins and intervals "
            ">= 1",
        )
    ),
}
#: options of loaders that torch takes unchecked, or refuses once a phase has begun
_LOADER: dict[str, Rule] = {
    "batch_size": whole(1),
    "num_workers": whole(0),
    "num_batch_per_epoch": if_set(whole(1)),
    "prefetch_factor": if_set(whole(1)),
    "drop_last": BOOL,  # torch takes no 0 or 1
    **dict.fromkeys(("pin_memory", "persistent_workers"), SWITCH),
    "timeout": number(lambda value: value >= 0, "a number of seconds >= 0"),
    "multiprocessing_context": (
        lambda value: not isinstance(value, str) or value in get_all_start_methods(),
        f"one of {get_all_start_methods()}",
    ),
}
#: those that matter to loading processes only
_OF_WORKERS = ("prefetch_factor", "timeout", "multiprocessing_context", "persistent_workers")


def check_values(cfg: Mapping, where: str = "", trains: bool = True) -> None:
    """Refuse values with which a phase would not train as intended.

    Raises:
        ValueError: Naming the key, the value and what would be right.
    """
    for key, value in leaves(dict(cfg.items())):  # a Config is not a Mapping
        if not isinstance(value, float):
            continue
        if math.isnan(value) and not re.search(r"\.invalid(\[\d+\])?$", key):  # a mark of labels
            raise ValueError(f"{where}{key} is NaN; write a number")
        if math.isinf(value) and key.rpartition(".")[2] in ("lr", "loss_weight", "weight_decay"):
            raise ValueError(f"{where}{key} is {value}; write a finite number")
    model = cfg.get("model")
    for place, weight in entries(model, "loss_weight", f"{where}model"):
        if not isinstance(weight, Mapping):
            check_option(weight, FROM_0, place)
    if isinstance(model, Mapping):
        _check_seeds(model.get("method"), f"{where}model.method")
    for loader in LOADERS:
        _check_loader(cfg.get(loader), f"{where}{loader}")
    for loader in LOADERS[1:]:
        _check_complete(cfg.get(loader), f"{where}{loader}")
    check_runtime(cfg, where)
    train = cfg.get("train_cfg")
    if trains and isinstance(train, Mapping):
        _check_length(train, f"{where}train_cfg")
        check_optimisation(cfg.get("optim_wrapper"), f"{where}optim_wrapper")
        check_schedules(cfg, where)


def check_trains(cfg: Mapping, where: str = "") -> None:
    """Refuse a config without the entries that training needs.

    Raises:
        ValueError: Naming the missing key.
    """
    for key in ("train_dataloader", "train_cfg", "optim_wrapper"):
        if cfg.get(key) is None:
            raise ValueError(f"{where}{key} is not set, so nothing could be trained")


def check_save_best(cfg: Mapping, tasks: list[str], where: str = "") -> None:
    """Refuse ``save_best`` or early stopping by a metric of a task that is not in the sequence.

    Raises:
        ValueError: Naming it and the nearest task.
    """
    named = []
    for hook in checkpoint_hooks(cfg):
        best = hook.get("save_best")
        none = best is None or isinstance(best, str)
        listed = ([best] if best else []) if none else names(best, f"{where}checkpoint.save_best")
        rule = hook.get("rule")
        for each in as_list(rule):
            if each not in (None, "greater", "less"):
                raise ValueError(
                    f"{where}checkpoint.rule must be 'greater' or 'less', or a list with one for "
                    f"each of save_best, got {rule!r}"
                )
        named += [("checkpoint.save_best", name) for name in listed if name != "auto"]
    stops = early_stopping_hooks(cfg)
    named += [("EarlyStoppingHook.monitor", hook.get("monitor")) for hook in stops]
    heads = (cfg.get("model") or {}).get("heads") or {}
    for place, scheduler in plateaus(cfg):
        monitor = scheduler.get("monitor")
        if str(monitor).split("/")[0] in heads:  # others are refused where schedules are checked
            named.append((f"{place}.monitor", monitor))
    for key, name in named:
        task, slash, _ = str(name).partition("/")
        if not slash or task not in tasks:
            raise ValueError(
                f"{where}{key} names {name!r}, but metrics are called "
                f"<task>/<metric> and the tasks are {tasks}{hint(task, tasks)}"
            )
    absent = lacking(cfg, "val")
    if stops and absent:
        raise ValueError(
            f"{where}an EarlyStoppingHook acts when validation has a metric, but {absent[0]} is "
            "not set: set it, or leave the hook out"
        )


def _check_seeds(method: Any, place: str) -> None:
    """Check the seeds of a method, and of those that it consists of."""
    if not isinstance(method, Mapping):
        return
    seed = method.get("seed")
    if is_whole(seed) and not 0 <= seed < 2**32:
        raise ValueError(f"{place}.seed must be a whole number within [0, 2**32), got {seed!r}")
    methods = method.get("methods")
    for index, child in enumerate(methods if isinstance(methods, (list, tuple)) else ()):
        _check_seeds(child, f"{place}.methods[{index}]")


def _check_loader(loader: Any, place: str) -> None:
    if not isinstance(loader, Mapping):
        return
    check_options(loader, _LOADER, place)
    for key in _OF_WORKERS:
        if loader.get(key) and not loader.get("num_workers"):
            raise ValueError(
                f"{place}.{key}={loader[key]!r} needs num_workers > 0; leave it out or set workers"
            )


def _check_complete(loader: Any, place: str) -> None:
    """Refuse a loader for tests that would leave images out, or never end."""
    if not isinstance(loader, Mapping):
        return
    if loader.get("drop_last"):
        raise ValueError(
            f"{place}.drop_last=True would leave the last images out of the metrics; leave it out"
        )
    if names_class(DATA_SAMPLERS, loader.get("sampler"), InfiniteSampler):
        raise ValueError(
            f"{place}.sampler never ends, and so would the test: take "
            "dict(type='DefaultSampler', shuffle=False)"
        )


def _check_length(train: Mapping, place: str) -> None:
    given = [key for key in LENGTHS if key in train]
    if not given:
        raise ValueError(f"{place} sets no length: add max_epochs or max_iters")
    by_epoch = train.get("by_epoch")
    check_option(by_epoch, if_set(SWITCH), f"{place}.by_epoch")
    if "type" not in train:  # mmengine passes all of them to one loop, which knows one length
        if len(given) > 1:
            raise ValueError(f"{place} sets max_epochs and max_iters: take one of them out")
        if by_epoch is not None and by_epoch != (given == ["max_epochs"]):
            raise ValueError(
                f"{place} has by_epoch={by_epoch!r} and {given[0]}: set by_epoch={not by_epoch}, "
                "or leave it out"
            )
    check_options(train, _LOOP, place)
