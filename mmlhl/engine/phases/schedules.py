"""Learning-rate schedules that end with a phase, however long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config
from mmengine.optim.scheduler import ConstantParamScheduler, LinearParamScheduler
from mmseg.registry import PARAM_SCHEDULERS

from ...registered import names_class
from .lengths import Length, training_length

#: what counts steps from a scheduler's begin
SPANS = ("T_max", "total_steps", "step_size")
STEPS = ("milestones", "periods")


def follow_length(cfg: Config, sequence: Config, own: Mapping) -> None:
    """Stretch the sequence's schedule over a phase of another length.

    Every scheduler of mmengine follows: begin and end, and what counts steps in between. A warm-up
    keeps its length unless it would take more than half of the phase. The decay of one step in an
    exponential schedule changes so that the whole phase decays as the whole sequence's length
    would have. A phase that trains by iterations in a sequence by epochs gets its schedule by
    iterations, and the other way round.

    Args:
        cfg: The phase's config, changed in place.
        sequence: The sequence's.
        own: What the phase overrides; a ``param_scheduler`` of its own is left as it is written.
    """
    if isinstance(own.get("param_scheduler"), (list, tuple)) or "type" in (
        own.get("param_scheduler") or {}
    ):
        return
    now = training_length(cfg)
    for holder, key, group in _groups(cfg):
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
    return [scheduler for _, _, group in _groups(cfg) for scheduler in group]


def _groups(cfg: Any) -> Iterator[tuple[Any, str, list[dict]]]:
    """Lists of schedulers that belong together, and where the config has them."""
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
    for by_epoch in (True, False):
        chosen = [each for each in group if bool(each.get("by_epoch", True)) is by_epoch]
        if not chosen:
            continue
        same_unit = by_epoch is before.by_epoch
        written = before if same_unit else _written_length(chosen)
        if written is None:
            out += chosen
            continue
        goal = now.count
        if now.by_epoch is before.by_epoch and not same_unit:  # in the other unit, as much longer
            goal = max(1, round(written.count * now.count / before.count))
        changes_unit = now.by_epoch is not before.by_epoch and by_epoch is not now.by_epoch
        stretch = Stretch(written.count, goal, _warmup_end(chosen, written.count))
        for scheduler in chosen:
            _follow(scheduler, stretch, not changes_unit)
            if changes_unit:
                scheduler["by_epoch"] = now.by_epoch
                scheduler.pop("convert_to_iter_based", None)
            if scheduler.get("end", 1) > scheduler.get("begin", 0):  # else nothing is left of it
                out.append(scheduler)
    return [each for each in group if any(each is kept for kept in out)]


@dataclass(frozen=True)
class Stretch:
    """A map of points in time, from a schedule of one length to one of another.

    Attributes:
        before: Length of the schedule as it is written.
        now: Length that it gets.
        warmup: Where the warm-up ends as it is written; 0 without one.
    """

    before: int
    now: int
    warmup: int = 0

    def __call__(self, time: int, keep_warmup: bool = True) -> int:
        """Where a point in time ends up."""
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
    """Where a warm-up at the start of a schedule ends; 0 if there is none."""
    ends = [
        each["end"]
        for each in group
        if each.get("begin", 0) == 0 and each.get("end", length) < length and _rises(each)
    ]
    return max(ends, default=0)


def _rises(scheduler: dict) -> bool:
    if names_class(PARAM_SCHEDULERS, scheduler, LinearParamScheduler):
        return scheduler.get("start_factor", 1 / 3) <= scheduler.get("end_factor", 1.0)
    if names_class(PARAM_SCHEDULERS, scheduler, ConstantParamScheduler):
        return scheduler.get("factor", 1 / 3) <= 1
    return False


def _follow(scheduler: dict, stretch: Stretch, keep_warmup: bool) -> None:
    """Change everything in a scheduler that counts time."""

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
    """Milestones, or periods by their sums, counted from a scheduler's begin."""
    out, total = [], 0
    for value in values:
        if summed:
            start, total = total, total + value
            out.append(max(1, at(begin + total) - at(begin + start)))
        else:
            out.append(max(1, at(begin + value) - at(begin)))
    return out


def _written_length(group: list[dict]) -> Length | None:
    """How long the training is that a schedule was written for."""
    ends = []
    for each in group:
        begin = each.get("begin", 0)
        counted = [begin + each[key] for key in ("T_max", "total_steps") if each.get(key)]
        if each.get("periods"):
            counted.append(begin + sum(each["periods"]))
        ends += [each["end"]] if each.get("end", float("inf")) < float("inf") else counted
    return Length(max(ends), bool(group[0].get("by_epoch", True))) if ends else None
