"""Patience: numbers of validations to wait, adapted to the number of validations of a phase."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from mmengine.config import Config
from mmengine.hooks import EarlyStoppingHook
from mmengine.logging import print_log
from mmengine.optim.scheduler import ReduceOnPlateauParamScheduler
from mmseg.registry import HOOKS, PARAM_SCHEDULERS

from ...config_values import is_whole
from ...registered import registered_class, type_name
from .checking.signatures import default_of
from .lengths import training_length
from .moments import VAL_INTERVALS, hooks, own_entry
from .schedules import schedulers

_OPTIONS = ("patience", "cooldown")


def follow_patience(cfg: Config, sequence: Config, own: Mapping) -> None:
    """Adapt ``patience`` and ``cooldown`` to the number of validations of a phase.

    They keep their share of the validations, like points in time their relative position. The
    phase's own overrides are not changed.
    """
    before, now = _validations(sequence), _validations(cfg)
    if before is None or now is None or before == now:
        return
    for place, waiting, cls in _waiting(cfg):
        if own_entry(own, f"{place}.type"):  # the phase brings its own
            continue
        for key in _OPTIONS:
            value = waiting.get(key, default_of(cls, key))
            if is_whole(value) and value >= 1 and not own_entry(own, f"{place}.{key}"):
                waiting[key] = max(1, round(value * now / before))


def warn_of_patience(cfg: Mapping, where: str = "") -> None:
    """Warn of a patience that no phase of this length exhausts."""
    validations = _validations(cfg)
    if validations is None or cfg.get("val_cfg") is None:
        return
    for place, waiting, cls in _waiting(cfg):
        patience = waiting.get("patience", default_of(cls, "patience"))
        if is_whole(patience) and patience + 1 >= validations:
            print_log(
                f"{where}{place} ({type_name(waiting)}) waits for {patience} validations without "
                f"an improvement, but the phase has {int(validations)}: it will not act",
                "current",
                logging.WARNING,
            )


def _validations(cfg: Mapping) -> float | None:
    """Number of validations in a phase, None if its length is unknown."""
    length = training_length(cfg)
    if length is None:
        return None
    interval = cfg["train_cfg"].get("val_interval", VAL_INTERVALS[length.by_epoch])
    return length.count / interval


def _waiting(cfg: Mapping) -> Iterator[tuple[str, dict, type]]:
    """What waits for validations: its dotted key, config and class."""
    single = "type" in (cfg.get("param_scheduler") or ())
    places = "param_scheduler" if single else "param_scheduler[{}]"
    listed = [(places.format(index), node) for index, node in enumerate(schedulers(cfg))]
    for registry, base, named in (
        (PARAM_SCHEDULERS, ReduceOnPlateauParamScheduler, listed),
        (HOOKS, EarlyStoppingHook, list(hooks(cfg))),
    ):
        for place, node in named:
            cls = registered_class(registry, node)
            if cls is not None and issubclass(cls, base):
                yield place, node, cls
