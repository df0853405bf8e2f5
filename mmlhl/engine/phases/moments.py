"""Moments: points in time in the options of hooks and loop, adapted to the length of a phase."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config
from mmseg.registry import HOOKS

from ...config_values import is_whole
from ...registered import names_class, registered_class
from .checking.signatures import default_of, options_of
from .lengths import Length, training_length, trains_by_epoch

#: the unit in names of options that are a point in time: `switch_epoch`, `begin_iter`
_UNIT = re.compile(r"(?:^|_)(epoch|iter|iteration|step)s?$")
_WORD = re.compile(
    r"(?:^|_)(begin|start|end|stop|switch|action|last|warm_?up|milestone|freeze|close|enable|"
    r"disable)(?:_|$)"
)
_NAMED = ("save_begin", "milestones")
#: points in time only for hooks with `by_epoch`, or with both ends of a span
_BARE = ("begin", "start", "end", "stop")
#: options whose hook never acts if they are after the last step
_BEGINS = re.compile(r"(?:^|_)(begin|start|switch|action|enable)(?:_|$)")
#: mmengine's default of ``val_interval``, by whether the loop counts epochs
VAL_INTERVALS = {True: 1, False: 1000}
#: parts of a hook's config in which such names mean something else
_OTHERS = {"pipeline", "switch_pipeline", "train_pipeline", "train_augments"}


@dataclass(frozen=True)
class Moment:
    """An option in a config that is a point in time.

    Attributes:
        holder: The dictionary with the option.
        key: Its key there.
        place: Its dotted key, for messages.
        by_epoch: Whether it counts epochs; None if unknown.
    """

    holder: dict
    key: str
    place: str
    by_epoch: bool | None

    @property
    def begins(self) -> bool:
        """Whether the option is the beginning of something."""
        return bool(_BEGINS.search(self.key))


def follow_moments(cfg: Config, sequence: Config, own: Mapping) -> None:
    """Adapt the sequence's points in time to the length of a phase.

    They keep their relative position. If the phase counts iterations instead of epochs or vice
    versa, their unit changes as well. The phase's own overrides are not changed.
    """
    train = cfg.get("train_cfg")
    if isinstance(train, dict) and train.get("dynamic_intervals") is not None:
        # mmengine takes a list of tuples only, which YAML, JSON and --cfg-options cannot write
        train["dynamic_intervals"] = [tuple(pair) for pair in train["dynamic_intervals"]]
    before, now = training_length(sequence), training_length(cfg)
    if before is None or now is None or before == now:
        return
    ratio = now.count / before.count
    changes_unit = before.by_epoch is not now.by_epoch
    for moment in moments(cfg):
        of_loop = moment.place.startswith("train_cfg")
        if own_entry(own, moment.place):
            continue
        if changes_unit and not of_loop and moment.by_epoch not in (None, before.by_epoch):
            continue  # already in the phase's unit
        moment.holder[moment.key] = _moved(moment.holder[moment.key], ratio)
        if changes_unit and (match := _UNIT.search(moment.key)):
            name = "epoch" if now.by_epoch else "iter"
            renamed = moment.key[: match.start(1)] + name + moment.key[match.end(1) :]
            moment.holder[renamed] = moment.holder.pop(moment.key)
    if changes_unit:
        _change_unit(cfg, own, before, now)


def _change_unit(cfg: Config, own: Mapping, before: Length, now: Length) -> None:
    """Switch hooks, validation interval and log to the unit of the phase."""
    ratio = now.count / before.count
    for place, hook in hooks(cfg):
        cls = registered_class(HOOKS, hook)
        if (
            cls is None
            or "by_epoch" not in options_of(cls)[0]
            or own_entry(own, f"{place}.by_epoch")
        ):
            continue
        if bool(hook.get("by_epoch", default_of(cls, "by_epoch"))) is not before.by_epoch:
            continue
        hook["by_epoch"] = now.by_epoch
        if own_entry(own, f"{place}.interval"):
            continue
        if isinstance(hook.get("interval"), int) and hook["interval"] > 0:
            hook["interval"] = max(1, round(hook["interval"] * ratio))
    train = cfg.train_cfg
    validates = "val_interval" in train or cfg.get("val_cfg") is not None
    if validates and not own_entry(own, "train_cfg.val_interval"):
        interval = train.get("val_interval", VAL_INTERVALS[before.by_epoch])
        train["val_interval"] = max(1, round(interval * ratio))
    if train.get("dynamic_intervals") and not own_entry(own, "train_cfg.dynamic_intervals"):
        train["dynamic_intervals"] = [
            (begin, max(1, round(interval * ratio)))
            for begin, interval in train["dynamic_intervals"]
        ]
    log = cfg.get("log_processor")
    if isinstance(log, dict) and "by_epoch" in log and "log_processor" not in own:
        log["by_epoch"] = now.by_epoch


def own_entry(own: Mapping, place: str) -> bool:
    """Whether a phase overrides an option, given its dotted key such as ``train_cfg.val_begin``."""
    node: Any = own
    for key in place.partition("[")[0].split("."):
        if not isinstance(node, Mapping) or key not in node:
            return False
        node = node[key]
    return True


def _moved(value: Any, ratio: float) -> Any:
    if isinstance(value, (list, tuple)):
        return [_moved(each, ratio) for each in value]
    return max(1, round(value * ratio)) if value >= 1 else value


def all_hooks(cfg: Mapping) -> Iterator[tuple[str, Any]]:
    """Dotted keys of all hooks, with their configs or the hooks themselves."""
    default = cfg.get("default_hooks")
    for name, hook in default.items() if isinstance(default, Mapping) else ():
        yield f"default_hooks.{name}", hook
    for index, hook in enumerate(cfg.get("custom_hooks") or []):
        yield f"custom_hooks[{index}]", hook


def hooks(cfg: Mapping) -> Iterator[tuple[str, dict]]:
    """Dotted keys and configs of all hooks that are given by a config."""
    for place, hook in all_hooks(cfg):
        if isinstance(hook, dict):
            yield place, hook


def is_hook(hook: Any, name: str) -> bool:
    """Whether a hook or its config is of a registered class, or of one derived from it."""
    cls = registered_class(HOOKS, name)
    return cls is not None and (isinstance(hook, cls) or names_class(HOOKS, hook, cls))


def moments(cfg: Mapping) -> list[Moment]:
    """All points in time in a config."""
    found = []
    train, by_epoch = cfg.get("train_cfg"), trains_by_epoch(cfg)
    if isinstance(train, dict):
        if _is_time(train.get("val_begin")):
            found.append(Moment(train, "val_begin", "train_cfg.val_begin", by_epoch))
        for index, pair in enumerate(train.get("dynamic_intervals") or []):
            entry = _Pair(train, index, pair)
            found.append(Moment(entry, "end", f"train_cfg.dynamic_intervals[{index}]", by_epoch))
    for place, hook in hooks(cfg):
        cls = registered_class(HOOKS, hook)
        options = options_of(cls)[0] if cls is not None else frozenset()
        counts: bool | None = None
        if cls is not None and "by_epoch" in options:
            counts = bool(hook.get("by_epoch", default_of(cls, "by_epoch")))
        spans = {"begin", "end"} <= options or {"start", "stop"} <= options
        names = _NAMED + (_BARE if counts is not None or spans else ())
        found += _in_hook(hook, place, counts, names)
    return found


class _Pair(dict):
    """One of a loop's ``dynamic_intervals`` as a dictionary whose ``end`` can be set."""

    def __init__(self, train: dict, index: int, pair: Any) -> None:
        super().__init__(end=pair[0])
        self._train, self._index = train, index

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        pairs = list(self._train["dynamic_intervals"])
        pairs[self._index] = (value, pairs[self._index][1])
        self._train["dynamic_intervals"] = pairs


def _in_hook(
    node: Any, place: str, counts: bool | None, names: tuple[str, ...]
) -> Iterator[Moment]:
    if isinstance(node, (list, tuple)):
        for index, child in enumerate(node):
            yield from _in_hook(child, f"{place}[{index}]", counts, names)
    if not isinstance(node, dict):
        return
    for key, value in list(node.items()):
        unit = _UNIT.search(str(key))
        named = unit is not None and _WORD.search(str(key)) is not None
        if (named or key in names) and _is_time(value):
            by_epoch = unit.group(1) == "epoch" if unit is not None else counts
            yield Moment(node, key, f"{place}.{key}", by_epoch)
        elif isinstance(value, (dict, list, tuple)) and key not in _OTHERS:
            yield from _in_hook(value, f"{place}.{key}", counts, names)


def _is_time(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_is_time(each) for each in value)
    return is_whole(value)
