"""Remarks on runs that are compared though they are not alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..engine.fingerprints import MISSING, differences, is_harmless, read_fingerprints
from ..evaluation.record import LifelongRecord
from ..explaining import first_few
from .derived import choose, choose_of
from .runs import Group

#: keys in which methods differ on purpose
OF_METHOD = ("model.method", "pseudo_labels", "custom_hooks")
#: keys that say what is measured, which holds for joint and single-task training as well
OF_TEST = ("test_dataloader.", "test_evaluator.")
#: greatest number of keys, and of characters of a value, in a remark
KEYS, LONGEST = 4, 40

Differences = dict[str, tuple[Any, Any]]


def remarks(group: Group, metrics: str | Sequence[str] = "paper") -> list[str]:
    """What to know before the runs of a group are compared.

    Named are runs that are not finished, or were resumed with another config; runs of one label, of
    which the mean is taken, whose configs differ in more than the seed; methods whose configs
    differ from that of the first in more than the method; references that were tested otherwise;
    and records without some of the chosen metrics. Configs are compared by the fingerprints in the
    records; records without them are taken to be alike.
    """
    runs = [*group.runs, *group.joint, *group.single]
    found = [*_unfinished(runs), *_resumed(runs)]
    for label, same in group.methods.items():
        found += _unlike_seeds(label, same)
    for same in (group.joint, group.single):
        found += _unlike_seeds(same[0].label, same) if same else []
    found += _unlike_methods(group)
    chosen = choose_of(runs, metrics)
    for run in runs:
        lacking = [" ".join(metric) for metric in chosen if metric not in choose(run, metrics)]
        if lacking:
            named = first_few(lacking, separator=", ")
            found.append(f"{_name(run)} has no {named}: its means are over the other metrics.")
    return list(dict.fromkeys(found))


def _unfinished(runs: Sequence[LifelongRecord]) -> Iterator[str]:
    for run in runs:
        planned = read_fingerprints(str(run.path.parent)) if run.path is not None else {}
        if len(planned) > len(run):
            yield f"{_name(run)} is not finished: {len(run)} of {len(planned)} phases."


def _resumed(runs: Sequence[LifelongRecord]) -> Iterator[str]:
    for run in runs:
        for number, phase in enumerate(run.phases, 1):
            changed = phase.get("resumed_changed") or {}
            if changed:
                keys = first_few(changed, KEYS, ", ")
                yield f"{_name(run)}: phase {number} was resumed with another config: {keys}."


def _unlike_seeds(label: str, runs: Sequence[LifelongRecord]) -> Iterator[str]:
    """Differences between the runs of which a mean is taken."""
    for run in runs[1:]:
        found = _between(runs[0], run, lambda key: True)
        if found:
            yield (
                f"{label}: {_which(run)} is not alike {_which(runs[0])}, with which its mean is "
                f"taken: {_shown(found)}. LABEL=PATH tells them apart."
            )
            return


def _unlike_methods(group: Group) -> Iterator[str]:
    """Differences between the first method and the others, and in the tests of references."""
    if not group.methods:
        return
    first = next(iter(group.methods.values()))[0]
    for same in list(group.methods.values())[1:]:
        found = _between(first, same[0], lambda key: not key.startswith(OF_METHOD))
        if found:
            yield f"{same[0].label} differs from {first.label} in more than the method: " + (
                f"{_shown(found)}."
            )
    for same in (group.joint, group.single):
        found = _tested(first, same[0]) if same else {}
        if found:
            yield f"{same[0].label} was tested otherwise than {first.label}: {_shown(found)}."


def _between(
    one: LifelongRecord, other: LifelongRecord, counts: Callable[[str], bool]
) -> Differences:
    """Values of keys that differ in any phase, the number of the phase first in the key."""
    found: Differences = {}
    seen: set[str] = set()
    for number, (a, b) in enumerate(zip(one.phases, other.phases, strict=False), 1):
        then, now = a.get("fingerprint"), b.get("fingerprint")
        if not then or not now:
            then, now = (dict(steps=phase.get("steps")) for phase in (a, b))
            if None in (then["steps"], now["steps"]):
                continue
        for key, pair in differences(then, now).items():
            if _matters(key, pair) and counts(key) and key not in seen:
                seen.add(key)
                found[f"phase {number}: {key}"] = pair
    return found


def _tested(one: LifelongRecord, other: LifelongRecord) -> Differences:
    """Differences in the tests of tasks that both know, at the end."""
    then, now = (
        {} if not len(run) else run.phases[-1].get("fingerprint") or {} for run in (one, other)
    )
    return {
        key: (then[key], now[key])
        for key in then
        if key.startswith(OF_TEST) and key in now and then[key] != now[key]
        if _matters(key, (then[key], now[key]))
    }


def _matters(key: str, pair: tuple[Any, Any]) -> bool:
    return not key.endswith("seed") and not is_harmless(key, *pair)


def _shown(found: Mapping[str, tuple[Any, Any]]) -> str:
    def text(value: Any) -> str:
        words = str(value) if value == MISSING else repr(value)
        return words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."

    return first_few((f"{key} {text(b)}, not {text(a)}" for key, (a, b) in found.items()), KEYS)


def _name(run: LifelongRecord) -> str:
    return run.label if run.seed is None else f"{run.label}, seed {run.seed}"


def _which(run: LifelongRecord) -> str:
    return str(run.path or "a run") if run.seed is None else f"seed {run.seed}"
