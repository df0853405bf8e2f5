"""Combining several runs: means over seeds, and merged single-task runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import stdev

from ..evaluation.record import LifelongRecord
from .derived import choose, choose_of, mean


@dataclass(frozen=True)
class Estimate:
    """Mean and standard deviation of one quantity over the seeds.

    Attributes:
        mean: Mean of the known values; NaN if there is none.
        std: Sample standard deviation (n - 1), None for fewer than two values.
        runs: Number of values.
        values: The values.
    """

    mean: float
    std: float | None = None
    runs: int = 1
    values: tuple[float, ...] = field(default=(), repr=False)


def over_seeds(values: Iterable[float | None]) -> Estimate:
    """Mean and sample standard deviation of the values of all seeds.

    Args:
        values: One value per seed; None and NaN are ignored.

    Returns:
        Mean, standard deviation and number of the other values.
    """
    known = tuple(float(v) for v in values if v is not None and not math.isnan(v))
    if not known:
        return Estimate(math.nan, None, 0)
    finite = all(math.isfinite(v) for v in known)
    std = stdev(known) if len(known) > 1 and finite else None
    return Estimate(mean(known), std, len(known), known)


def mean_record(records: Sequence[LifelongRecord]) -> LifelongRecord:
    """Average runs of one method with different seeds, value by value.

    Returns:
        Their mean; None where one of them has no value.

    Raises:
        ValueError: If the phases differ.
    """
    first = records[0]
    for record in records[1:]:
        if [p["tasks"] for p in record.phases] != [p["tasks"] for p in first.phases]:
            raise ValueError(
                f"The runs of {first.label} differ in their phases and have no mean: "
                f"{[p['tasks'] for p in first.phases]} and {[p['tasks'] for p in record.phases]}"
            )
    result = LifelongRecord(first.method, None, **first.extra)
    result.phases = [dict(phase) for phase in first.phases]
    result.timing = [None] * len(result)
    for (task, name), owner in choose_of(records, "all").items():
        columns = zip(*(record.values(task, name) for record in records), strict=True)
        result.metrics.setdefault(task, {})[name] = dict(
            owner.metrics[task][name],
            values=[None if None in column else mean(column) for column in columns],
        )
    return result


def merge_single(records: Sequence[LifelongRecord]) -> LifelongRecord:
    """Put single-task runs, one network per task, into one record of one phase.

    Args:
        records: One record per task, or one record whose phases each trained a new network. The
            last value of each metric is used.

    Returns:
        All tasks, with one value per metric, labelled like the first record.

    Raises:
        ValueError: If two records have the same task.
    """
    owners: dict[str, LifelongRecord] = {}
    for record in records:
        for task in record.tasks:
            if owners.setdefault(task, record) is not record:
                raise ValueError(
                    f"{owners[task].path} and {record.path} are both {record.label} of {task!r} "
                    f"with seed {record.seed}; give one of them"
                )
    result = LifelongRecord(records[0].method, records[0].seed, label=records[0].label)
    tasks = list(dict.fromkeys(task for record in records for task in record.tasks))
    result.phases, result.timing = [dict(name="single", tasks=tasks, checkpoint=None)], [None]
    for record in records:
        for task, name in choose(record, "all"):
            known = [v for v in record.values(task, name) if v is not None]
            result.metrics.setdefault(task, {})[name] = dict(
                record.metrics[task][name], values=[known[-1] if known else None]
            )
    return result
