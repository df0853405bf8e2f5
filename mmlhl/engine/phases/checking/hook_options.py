"""Checks of options of hooks: priorities, averaged weights, early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import CheckpointHook, EarlyStoppingHook, EMAHook, ParamSchedulerHook
from mmengine.registry import MODELS
from mmengine.runner.priority import Priority, get_priority
from mmseg.registry import HOOKS

from ....option_rules import FROM_0, WITHIN, check_options, if_set, whole
from ....registered import names_class, registered_class
from ....spelling import hint, unknown
from ..moments import hooks
from ..schedules import schedulers
from .key_checker import KeyChecker
from .signatures import options_of

#: parts of a checkpoint of mmengine
PARTS = ("meta", "state_dict", "message_hub", "optimizer", "param_schedulers", "ema_state_dict")
#: hooks of which a sequence has one at most, and what a second would do
ONCE = (
    (EMAHook, "would exchange the weights that the first has exchanged"),
    (ParamSchedulerHook, "would step all schedules twice"),
)
#: below 0, of any change for the worse a little would be accepted
_STOPPING = dict(patience=if_set(whole(0)), min_delta=if_set(FROM_0))
#: class of averaged weights that mmengine's hook takes
AVERAGE = "ExponentialMovingAverage"


def check_hook_options(cfg: Mapping, where: str = "") -> None:
    """Refuse options with which a hook would fail once a phase has begun, or act otherwise.

    Raises:
        ValueError: Naming the option, its value and what would be right.
    """
    _check_numbers(cfg, where)
    for place, hook in hooks(cfg):
        _check_priority(hook.get("priority"), f"{where}{place}.priority")
        if names_class(HOOKS, hook, EMAHook):
            _check_average(hook, place, where)
        if names_class(HOOKS, hook, EarlyStoppingHook):
            check_options(hook, _STOPPING, f"{where}{place}")
        if names_class(HOOKS, hook, CheckpointHook):
            _check_published(hook.get("published_keys"), f"{where}{place}.published_keys")


def _check_numbers(cfg: Mapping, where: str) -> None:
    """Refuse a second hook of a kind of which one acts on what the other did, and a missing one."""
    for kind, why in ONCE:
        places = [place for place, hook in hooks(cfg) if names_class(HOOKS, hook, kind)]
        default = kind is ParamSchedulerHook and "param_scheduler" not in _default_hooks(cfg)
        if len(places) + default > 1:
            raise ValueError(f"{where}{places[-1]}: a second {kind.__name__} {why}: leave it out")
        if kind is not ParamSchedulerHook or places or default or not schedulers(cfg):
            continue
        if _default_hooks(cfg)["param_scheduler"] is None:  # and not a hook that is built already
            raise ValueError(
                f"{where}default_hooks.param_scheduler is None, so param_scheduler would change "
                "nothing: leave one of them out"
            )


def _default_hooks(cfg: Mapping) -> Mapping:
    return cfg.get("default_hooks") or {}


def _check_priority(value: Any, place: str) -> None:
    if value is None:
        return
    try:
        if isinstance(value, bool):
            raise TypeError
        get_priority(value)
    except (KeyError, TypeError, ValueError):
        names = list(Priority.__members__)
        near = hint(value.upper(), names) if isinstance(value, str) else ""
        raise ValueError(
            f"{place} must be a whole number of 0..100 or one of {names}, got {value!r}{near}"
        ) from None


def _check_average(hook: Mapping, place: str, where: str) -> None:
    """Check the options that an ``EMAHook`` passes on to the averaged weights."""
    cls = registered_class(HOOKS, hook)
    own = options_of(cls)[0] | {"type", "_scope_", "priority"} if cls is not None else set()
    passed = {key: value for key, value in hook.items() if key not in own}
    average = dict(passed, type=hook.get("ema_type", AVERAGE))
    check = KeyChecker(where)
    check.kind(average["type"], MODELS, place, "ema_type")
    check.typed(average, MODELS, place)
    check_options(passed, dict(momentum=WITHIN), f"{where}{place}")


def _check_published(keys: Any, place: str) -> None:
    """Refuse a part of checkpoints that none has; a published one would come without it."""
    for key in [keys] if isinstance(keys, str) else keys or ():
        if isinstance(key, str) and key not in PARTS:
            raise ValueError(f"{place}: no checkpoint has {key!r}; {unknown(key, PARTS)}")
