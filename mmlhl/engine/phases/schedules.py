"""Adapting learning-rate schedules to the length of a phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config
from mmengine.optim.scheduler import (
    ConstantParamScheduler,
    LinearParamScheduler,
    ReduceOnPlateauParamScheduler,
)
from mmseg.registry import PARAM_SCHEDULERS

from ...registered import names_class
from .lengths import Length, training_length

#: options that count steps from a scheduler's begin
SPANS = ("T_max", "total_steps", "step_size")
STEPS = ("milestones", "periods")
#: mmengine's default of ``end``
NEVER = 10**9


def follow_length(cfg: Config, sequence: Config, own: Mapping) -> None:
    """Stretch the sequence's schedule over a phase of another length.

    Works for every scheduler of mmengine: begin, end and options that count steps are adapted. A
    warm-up keeps its length unless it would take more than half of the phase. The factor per step
    of an exponential schedule changes so that the decay over the whole phase stays the same. If the
    phase counts iterations instead of epochs or vice versa, so do its schedules.
    """
    if isinstance(own.get("param_scheduler"), (list, tuple)) or "type" in (
        own.get("param_scheduler") or {}
    ):
        return
    now = training_length(cfg)
    for holder, key, group in groups(cfg):
        before = training_length(sequence) or _written_length(group)
        if now is None or before is None or now == before:
            continue
        stretched = _stretched(group, before, now)
        if isinstance(holder[key], dict):
            holder[key] = stretched[0] if stretched else None
        else:
            holder[key] = stretched


def schedulers(cfg: Mapping) -> list[dict]:
    """All parameter schedulers of a config, those of several optimisers in one list."""
    return [scheduler for _, _, group in groups(cfg) for scheduler in group]


def groups(cfg: Any) -> Iterator[tuple[Any, str, list[dict]]]:
    """Lists of schedulers of one optimiser, each with its holder and key in the config."""
    node = cfg.get("param_scheduler")
    places = [(cfg, "param_scheduler")]
    if isinstance(node, dict) and "type" not in node:  # one entry per optimiser
        places = [(node, name) for name in node]
    for holder, key in places:
        group = holder.get(key)
        group = [group] if isinstance(group, dict) else group
        if isinstance(group, (list, tuple)) and all(isinstance(each, dict) for each in group):
            yield holder, key, list(group)


def _stretched(group: list[dict], before: Length, now: Length) -> list[dict]:
    out = []
    units = [bool(each.get("by_epoch", True)) for each in group]  # some will change
    for by_epoch in (True, False):
        chosen = [each for each, unit in zip(group, units, strict=True) if unit is by_epoch]
        if not chosen:
            continue
        same_unit = by_epoch is before.by_epoch
        if not same_unit and len(chosen) < len(group) and _only_warms_up(chosen):
            out += _kept_warmups(chosen, before, now)
            continue
        written = before if same_unit else _written_length(chosen)
        if written is None:
            out += chosen
            continue
        goal = now.count
        if now.by_epoch is before.by_epoch and not same_unit:  # scale by the same ratio
            goal = max(1, round(written.count * now.count / before.count))
        changes_unit = now.by_epoch is not before.by_epoch and by_epoch is not now.by_epoch
        stretch = Stretch(written.count, goal, _warmup_end(chosen, written.count))
        for scheduler in chosen:
            if changes_unit and follows_a_metric(scheduler):
                out.append(scheduler)  # it counts validations, of which there are as many
                continue
            _follow(scheduler, stretch, not changes_unit)
            if changes_unit:
                scheduler["by_epoch"] = now.by_epoch
                scheduler.pop("convert_to_iter_based", None)
            if scheduler.get("end", NEVER) > scheduler.get("begin", 0):  # drop what became empty
                out.append(scheduler)
    return [each for each in group if any(each is kept for kept in out)]


@dataclass(frozen=True)
class Stretch:
    """Maps points in time from a schedule of one length to another length.

    Attributes:
        before: Length of the schedule in the config.
        now: Its new length.
        warmup: End of the warm-up in the config; 0 without one.
    """

    before: int
    now: int
    warmup: int = 0

    def __call__(self, time: int, keep_warmup: bool = True) -> int:
        """The new value of a point in time."""
        if time >= self.before:
            return self.now + time - self.before
        kept = self.warmup
        if not keep_warmup or (2 * kept > self.now and self.now < self.before):
            kept = round(self.warmup * self.now / self.before)
            if self.warmup and not kept and self.now > 1:
                kept = 1
        if time <= self.warmup:
            return round(time * kept / self.warmup) if self.warmup else 0
        rest = (self.now - kept) / (self.before - self.warmup)
        return round(kept + (time - self.warmup) * rest)


def _warmup_end(group: list[dict], length: int) -> int:
    """End of a warm-up at the start of a schedule; 0 if there is none."""
    ends = [
        each["end"]
        for each in group
        if each.get("begin", 0) == 0 and each.get("end", length) < length and _rises(each)
    ]
    return max(ends, default=0)


def _only_warms_up(group: list[dict]) -> bool:
    """Whether schedules are a warm-up by iterations beside others by epochs, or vice versa."""
    return all(
        each.get("begin", 0) == 0 and each.get("end", NEVER) < NEVER and _rises(each)
        for each in group
    )


def _kept_warmups(group: list[dict], before: Length, now: Length) -> list[dict]:
    """Warm-ups in another unit than the sequence's, for a phase of another length.

    They keep their length. In a phase that counts as they do they take at most half of it; how many
    iterations epochs have is not known here, so in fewer epochs they become shorter as well.
    """
    for scheduler in group:
        end = scheduler["end"]
        if bool(scheduler.get("by_epoch", True)) is now.by_epoch:
            end = min(end, now.count // 2)
        elif now.by_epoch is before.by_epoch:
            end = max(1, round(end * min(1, now.count / before.count)))
        scheduler["end"] = end
    return [each for each in group if each["end"] > 0]


def follows_a_metric(scheduler: Mapping) -> bool:
    """Whether a schedule counts validations, and acts by a metric of theirs."""
    return names_class(PARAM_SCHEDULERS, scheduler, ReduceOnPlateauParamScheduler)


def _rises(scheduler: dict) -> bool:
    if names_class(PARAM_SCHEDULERS, scheduler, LinearParamScheduler):
        return scheduler.get("start_factor", 1 / 3) <= scheduler.get("end_factor", 1.0)
    if names_class(PARAM_SCHEDULERS, scheduler, ConstantParamScheduler):
        return scheduler.get("factor", 1 / 3) <= 1
    return False


def _follow(scheduler: dict, stretch: Stretch, keep_warmup: bool) -> None:
    """Adapt all options of a scheduler that count steps."""

    def at(time: int) -> int:
        return stretch(time, keep_warmup)

    begin = scheduler.get("begin", 0)
    end = min(scheduler.get("end", stretch.before), stretch.before)
    span, new_span = max(end - begin, 1), max(at(end) - at(begin), 1)
    for key in SPANS:
        if scheduler.get(key) is not None:
            whole = scheduler[key] == stretch.before
            scheduler[key] = (
                stretch.now if whole else max(1, round(scheduler[key] * new_span / span))
            )
    for key in STEPS:
        if scheduler.get(key) is not None:
            scheduler[key] = _cumulative(scheduler[key], key == "periods", begin, at)
    if "gamma" in scheduler and not any(key in scheduler for key in (*SPANS, *STEPS)):
        scheduler["gamma"] = scheduler["gamma"] ** (span / new_span)
    if "begin" in scheduler:
        scheduler["begin"] = at(begin)
    if "end" in scheduler:
        scheduler["end"] = at(scheduler["end"])


def _cumulative(values: list[int], summed: bool, begin: int, at: Callable[[int], int]) -> list[int]:
    """Map milestones, or periods through their cumulative sums, from a scheduler's begin."""
    out, total = [], 0
    for value in values:
        if summed:
            start, total = total, total + value
            out.append(max(1, at(begin + total) - at(begin + start)))
        else:
            out.append(max(1, at(begin + value) - at(begin)))
    return out


def _written_length(group: list[dict]) -> Length | None:
    """The length of training for which schedules were written, None if unknown."""
    ends = []
    for each in group:
        begin = each.get("begin", 0)
        counted = [begin + each[key] for key in ("T_max", "total_steps") if each.get(key)]
        if each.get("periods"):
            counted.append(begin + sum(each["periods"]))
        ends += [each["end"]] if each.get("end", float("inf")) < float("inf") else counted
    return Length(max(ends), bool(group[0].get("by_epoch", True))) if ends else None
