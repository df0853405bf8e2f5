"""Metrics that are derived from records: gains, positions, ranks, forgetting.

Pure functions of :class:`LifelongRecord`; their results are never stored.

Notation: M is a metric after the last phase. An improvement is positive if the metric is better:
M - M' if higher is better, and M' - M otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..evaluation.record import LifelongRecord

MetricKey = tuple[str, str]  # task and name
MOST_METRICS = 200  # of a record; more would take minutes to draw

#: The metrics that enter the relative gain in the paper, and mean L1 for its other tasks.
PAPER_METRICS = (
    *("mIoU", "aAcc"),
    *("abs_err", "rel_err"),
    *("mean_err", "median_err", "within_11", "within_22", "within_30"),
    "l1",
)


@dataclass(frozen=True)
class Score:
    """A mean over tasks.

    Attributes:
        mean: Mean over the tasks; NaN if it is not defined.
        tasks: Value of each task.
        left_out: Metrics that could not be used.
    """

    mean: float
    tasks: dict[str, float]
    left_out: tuple[MetricKey, ...] = ()


def choose(record: LifelongRecord, metrics: str | Sequence[str] = "paper") -> list[MetricKey]:
    """Choose the metrics of a comparison.

    Args:
        record: The record.
        metrics: 'paper' for the paper's metrics (and all metrics of tasks without them), 'all', or
            a list of names.

    Returns:
        Task and name of each metric, ordered by task.

    Raises:
        ValueError: If ``metrics`` is a string other than 'paper' and 'all', or chooses too many.
    """
    if isinstance(metrics, str) and metrics not in ("paper", "all"):
        raise ValueError(f"metrics must be 'paper', 'all' or a list of names, not {metrics!r}")
    chosen: list[MetricKey] = []
    for task in record.tasks:
        names = list(record.metrics[task])
        if metrics != "all":
            requested = PAPER_METRICS if metrics == "paper" else metrics
            kept = [name for name in names if name in requested]
            names = kept if kept or metrics != "paper" else names
        chosen += [(task, name) for name in names]
    if len(chosen) > MOST_METRICS:
        raise ValueError(
            f"{record.path or record.label} has {len(chosen)} such metrics, and at most "
            f"{MOST_METRICS} are compared: name some by --metrics"
        )
    return chosen


def choose_of(
    records: Iterable[LifelongRecord], metrics: str | Sequence[str] = "paper"
) -> dict[MetricKey, LifelongRecord]:
    """Choose the metrics of several records.

    Returns:
        The first record that has a metric, by task and name, ordered by task.
    """
    found: dict[MetricKey, LifelongRecord] = {}
    for record in records:
        for metric in choose(record, metrics):
            found.setdefault(metric, record)
    tasks = list(dict.fromkeys(task for task, _ in found))
    return dict(sorted(found.items(), key=lambda item: tasks.index(item[0][0])))


def mean(values: Iterable[float]) -> float:
    """Mean of at least one value; NaN if one is infinite and another minus infinite."""
    values = list(values)
    if math.inf in values and -math.inf in values:
        return math.nan
    return fmean(values)


def final(record: LifelongRecord, metric: MetricKey) -> float:
    """Value of a metric after the last phase, NaN if there is none."""
    values = record.values(*metric)
    return math.nan if not values or values[-1] is None else values[-1]


def improvement(record: LifelongRecord, metric: MetricKey, new: float, old: float) -> float:
    """How much better ``new`` is than ``old``, in units of the metric; negative if worse."""
    task, name = metric
    return new - old if record.metrics[task][name]["higher_is_better"] else old - new


def relative_gain(
    record: LifelongRecord,
    reference: LifelongRecord,
    metrics: str | Sequence[str] = "paper",
) -> Score:
    """Relative gain over a reference (naive training, or single-task training), in percent.

    Mean over tasks of the mean over the task's metrics of ``(-1)^s (M - R) / R * 100``, s = 1
    where lower is better, R being the reference's value, all after the last phase. If a value of
    the reference is exactly 0, the gain is infinite and says nothing; use :func:`position` then.

    Returns:
        The gain; NaN if a chosen metric has no value in one of the records.

    Raises:
        ValueError: If the reference lacks one of the tasks.
    """
    _same_tasks(record, reference, "reference")
    gains = {}
    for metric in choose(record, metrics):
        value, base = final(record, metric), final(reference, metric)
        gain = improvement(record, metric, value, base)
        if base != 0:
            gains[metric] = 100 * gain / abs(base)
        else:
            gains[metric] = math.copysign(math.inf, gain) if gain else 0.0
    return over_tasks(gains)


def position(
    record: LifelongRecord,
    naive: LifelongRecord,
    joint: LifelongRecord,
    metrics: str | Sequence[str] = "paper",
    min_span: float = 0.0,
) -> Score:
    """Position of a run between naive (0 %) and joint training (100 %).

    Mean over tasks of the mean over the task's metrics of ``(M - N) / (J - N) * 100``. Metrics in
    which joint training is not better than naive are left out, since the position is not defined;
    this often happens for the last task, for which naive training is best.

    Args:
        record: The run.
        naive: Lower bound, N.
        joint: Upper bound, J.
        metrics: See :func:`choose`.
        min_span: Also leave out metrics in which joint is better by less than this, in percent of
            naive, since a small denominator would dominate the mean.

    Returns:
        The position, with the metrics left out; NaN if none remains.

    Raises:
        ValueError: If one of the bounds lacks one of the tasks.
    """
    _same_tasks(record, naive, "naive")
    _same_tasks(record, joint, "joint")
    places, left_out = {}, []
    for metric in choose(record, metrics):
        low, high = final(naive, metric), final(joint, metric)
        span = improvement(record, metric, high, low)
        if math.isnan(span) or span <= 0 or span < min_span / 100 * abs(low):
            left_out.append(metric)
            continue
        places[metric] = 100 * improvement(record, metric, final(record, metric), low) / span
    score = over_tasks(places)
    return Score(score.mean, score.tasks, tuple(left_out))


def forgetting(
    record: LifelongRecord, metrics: str | Sequence[str] = "paper", relative: bool = False
) -> dict[MetricKey, float]:
    """Decline of each metric from its best value before the last phase.

    Args:
        record: The record.
        metrics: See :func:`choose`.
        relative: In percent of that best value instead of in units of the metric.

    Returns:
        Positive values for forgetting, negative if the last value is the best. Metrics of the last
        phase's tasks are not included.
    """

    def best(metric: MetricKey, values: list[float]) -> float:
        better = record.metrics[metric[0]][metric[1]]["higher_is_better"]
        return max(values) if better else min(values)

    found = _changes(record, metrics, relative, best)
    return {metric: -change for metric, change in found.items()}


def backward_transfer(
    record: LifelongRecord, metrics: str | Sequence[str] = "paper", relative: bool = False
) -> dict[MetricKey, float]:
    """Change of each metric since its task was learned.

    Returns:
        Positive values for improvement, negative for decline. Metrics of the last phase's tasks are
        not included.
    """
    return _changes(record, metrics, relative, lambda _, values: values[0])


def mean_rank(
    records: Mapping[str, LifelongRecord], metrics: str | Sequence[str] = "paper"
) -> dict[str, float]:
    """Mean rank of each method over all metrics; 1 is best.

    Equal values share the mean of their ranks. Methods without a value for a metric share the last
    ranks.

    Returns:
        Mean rank by method; NaN if there is no metric.
    """
    ranks: dict[str, list[float]] = {label: [] for label in records}
    for metric, owner in choose_of(records.values(), metrics).items():
        higher = owner.metrics[metric[0]][metric[1]]["higher_is_better"]
        keys = {}
        for label, record in records.items():
            value = final(record, metric)
            keys[label] = math.inf if math.isnan(value) else (-value if higher else value)
        for label, key in keys.items():
            before = sum(other < key for other in keys.values())
            equal = sum(other == key for other in keys.values())
            ranks[label].append(before + (equal + 1) / 2)
    return {label: fmean(values) if values else math.nan for label, values in ranks.items()}


def over_tasks(metrics: Mapping[MetricKey, float]) -> Score:
    """Mean over tasks of the mean over each task's metrics."""
    by_task: dict[str, list[float]] = {}
    for (task, _), value in metrics.items():
        by_task.setdefault(task, []).append(value)
    tasks = {task: mean(values) for task, values in by_task.items()}
    return Score(mean(tasks.values()) if tasks else math.nan, tasks)


def _changes(
    record: LifelongRecord,
    metrics: str | Sequence[str],
    relative: bool,
    choose_old: Callable[[MetricKey, list[float]], float],
) -> dict[MetricKey, float]:
    """Improvements since one of each metric's values before the last phase, if it has any."""
    found = {}
    for metric in choose(record, metrics):
        earlier = [v for v in record.values(*metric)[:-1] if v is not None]
        if earlier:
            old = choose_old(metric, earlier)
            gain = improvement(record, metric, final(record, metric), old)
            share = 100 * gain / abs(old) if old else math.nan
            found[metric] = share if relative else gain
    return found


def _same_tasks(record: LifelongRecord, other: LifelongRecord, role: str) -> None:
    missing = [task for task in record.tasks if task not in other.metrics]
    if missing:
        raise ValueError(
            f"The {role} record ({other.label}) lacks the task {', '.join(missing)} of "
            f"{record.label}; it has {', '.join(other.metrics) or 'none'}"
        )
