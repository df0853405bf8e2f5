"""What follows from records: gains, positions, ranks, forgetting.

Pure functions of :class:`LifelongRecord`; nothing here is ever stored.

Notation: M is a figure after the last phase, and "improvement" is measured so that more is better
whatever the figure, that is M - M' where higher is better and M' - M otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..evaluation.record import LifelongRecord

Figure = tuple[str, str]  # task and name

#: The figures that enter the relative gain in the paper, and mean L1 for its other tasks.
PAPER_FIGURES = (
    *("mIoU", "aAcc"),
    *("abs_err", "rel_err"),
    *("mean_err", "median_err", "within_11", "within_22", "within_30"),
    "l1",
)


@dataclass(frozen=True)
class Score:
    """A mean over tasks.

    Attributes:
        mean (float): Mean over the tasks; NaN where it is not defined.
        tasks (dict[str, float]): What it is the mean of.
        left_out (tuple[Figure, ...]): Figures that could not take part.
    """

    mean: float
    tasks: dict[str, float]
    left_out: tuple[Figure, ...] = ()


def choose(record: LifelongRecord, figures: str | Sequence[str] = "paper") -> list[Figure]:
    """Choose the figures of a comparison.

    Args:
        record (LifelongRecord): The record.
        figures (str | Sequence[str]): 'paper' takes the paper's (and, of tasks that have none of
            them, all), 'all' takes all, a list takes those names. Defaults to 'paper'.

    Returns:
        list[Figure]: Task and name of each, by task.

    Raises:
        ValueError: If ``figures`` is a string other than 'paper' and 'all'.
    """
    if isinstance(figures, str) and figures not in ("paper", "all"):
        raise ValueError(f"figures must be 'paper', 'all' or a list of names, not {figures!r}.")
    chosen: list[Figure] = []
    for task in record.tasks:
        names = list(record.metrics[task])
        if figures != "all":
            wanted = PAPER_FIGURES if figures == "paper" else figures
            kept = [name for name in names if name in wanted]
            names = kept if kept or figures != "paper" else names
        chosen += [(task, name) for name in names]
    return chosen


def final(record: LifelongRecord, figure: Figure) -> float:
    """Value of a figure after the last phase, NaN if there is none."""
    values = record.values(*figure)
    return math.nan if not values or values[-1] is None else values[-1]


def improvement(record: LifelongRecord, figure: Figure, new: float, old: float) -> float:
    """How much better ``new`` is than ``old``, in units of the figure; negative if worse."""
    task, name = figure
    return new - old if record.metrics[task][name]["higher_is_better"] else old - new


def relative_gain(
    record: LifelongRecord,
    reference: LifelongRecord,
    figures: str | Sequence[str] = "paper",
) -> Score:
    """Relative gain over a reference (naive training, or single-task training), in percent.

    Mean over tasks of the mean over the task's figures of ``(-1)^s (M - R) / R * 100``, s = 1
    where lower is better, R being the reference's value, all after the last phase. A reference
    that is exactly 0 makes it infinite, as it makes any ratio to it meaningless: look at
    :func:`position` then.

    Args:
        record (LifelongRecord): The run in question.
        reference (LifelongRecord): What it is compared with.
        figures (str | Sequence[str]): See :func:`choose`.

    Returns:
        Score: The gain; NaN if a chosen figure has no value in either record.

    Raises:
        ValueError: If the reference lacks one of the tasks.
    """
    _same_tasks(record, reference, "reference")
    gains = {}
    for figure in choose(record, figures):
        value, base = final(record, figure), final(reference, figure)
        gain = improvement(record, figure, value, base)
        if base != 0:
            gains[figure] = 100 * gain / abs(base)
        else:
            gains[figure] = math.copysign(math.inf, gain) if gain else 0.0
    return over_tasks(gains)


def position(
    record: LifelongRecord,
    naive: LifelongRecord,
    joint: LifelongRecord,
    figures: str | Sequence[str] = "paper",
    min_span: float = 0.0,
) -> Score:
    """Where a run stands between naive (0 %) and joint training (100 %).

    Mean over tasks of the mean over the task's figures of ``(M - N) / (J - N) * 100``. A figure
    in which joint training is not better than naive has no such scale and is left out; that
    happens to the task learned last, which naive training learns unhindered.

    Args:
        record (LifelongRecord): The run in question.
        naive (LifelongRecord): Lower bound, N.
        joint (LifelongRecord): Upper bound, J.
        figures (str | Sequence[str]): See :func:`choose`.
        min_span (float): Also leave out figures in which joint is better by less than this, in
            percent of naive, since such a small denominator drowns all others. Defaults to 0.

    Returns:
        Score: The position, with the figures left out; NaN if none remains.

    Raises:
        ValueError: If one of the bounds lacks one of the tasks.
    """
    _same_tasks(record, naive, "naive")
    _same_tasks(record, joint, "joint")
    places, left_out = {}, []
    for figure in choose(record, figures):
        low, high = final(naive, figure), final(joint, figure)
        span = improvement(record, figure, high, low)
        if math.isnan(span) or span <= 0 or span < min_span / 100 * abs(low):
            left_out.append(figure)
            continue
        places[figure] = 100 * improvement(record, figure, final(record, figure), low) / span
    score = over_tasks(places)
    return Score(score.mean, score.tasks, tuple(left_out))


def forgetting(
    record: LifelongRecord, figures: str | Sequence[str] = "paper", relative: bool = False
) -> dict[Figure, float]:
    """How far each figure has fallen from its best value before the last phase.

    Args:
        record (LifelongRecord): The record.
        figures (str | Sequence[str]): See :func:`choose`.
        relative (bool): In percent of that best value instead of in units of the figure.
            Defaults to False.

    Returns:
        dict[Figure, float]: Positive where something was forgotten, negative where the last value
        is the best. Figures of the last phase's tasks are not in it.
    """
    result = {}
    for figure in choose(record, figures):
        earlier = [v for v in record.values(*figure)[:-1] if v is not None]
        if not earlier:
            continue
        better = max if record.metrics[figure[0]][figure[1]]["higher_is_better"] else min
        best = better(earlier)
        result[figure] = -_change(record, figure, final(record, figure), best, relative)
    return result


def backward_transfer(
    record: LifelongRecord, figures: str | Sequence[str] = "paper", relative: bool = False
) -> dict[Figure, float]:
    """What the later phases did to each figure since the task was learned.

    Args:
        record (LifelongRecord): The record.
        figures (str | Sequence[str]): See :func:`choose`.
        relative (bool): In percent of the value when learned. Defaults to False.

    Returns:
        dict[Figure, float]: Positive where the figure got better, negative where it got worse.
        Figures of the last phase's tasks are not in it.
    """
    result = {}
    for figure in choose(record, figures):
        earlier = [v for v in record.values(*figure)[:-1] if v is not None]
        if earlier:
            last = final(record, figure)
            result[figure] = _change(record, figure, last, earlier[0], relative)
    return result


def mean_rank(
    records: Mapping[str, LifelongRecord], figures: str | Sequence[str] = "paper"
) -> dict[str, float]:
    """Mean rank of each method over all figures; 1 is best.

    Equal values share the mean of their ranks. A method that has no value for a figure that
    another has shares the last ranks.

    Args:
        records (Mapping[str, LifelongRecord]): One record a method, see :func:`mean_record`.
        figures (str | Sequence[str]): See :func:`choose`.

    Returns:
        dict[str, float]: Mean rank by method; NaN if there is no figure.
    """
    chosen: dict[Figure, bool] = {}
    for record in records.values():
        for figure in choose(record, figures):
            chosen[figure] = record.metrics[figure[0]][figure[1]]["higher_is_better"]
    ranks: dict[str, list[float]] = {label: [] for label in records}
    for figure, higher in chosen.items():
        keys = {}
        for label, record in records.items():
            value = final(record, figure)
            keys[label] = math.inf if math.isnan(value) else (-value if higher else value)
        for label, key in keys.items():
            before = sum(other < key for other in keys.values())
            equal = sum(other == key for other in keys.values())
            ranks[label].append(before + (equal + 1) / 2)
    return {label: fmean(values) if values else math.nan for label, values in ranks.items()}


def over_tasks(figures: Mapping[Figure, float]) -> Score:
    """Mean over tasks of the mean over each task's figures."""
    by_task: dict[str, list[float]] = {}
    for (task, _), value in figures.items():
        by_task.setdefault(task, []).append(value)
    tasks = {task: fmean(values) for task, values in by_task.items()}
    return Score(fmean(tasks.values()) if tasks else math.nan, tasks)


def _change(
    record: LifelongRecord, figure: Figure, new: float, old: float, relative: bool
) -> float:
    gain = improvement(record, figure, new, old)
    if not relative:
        return gain
    return 100 * gain / abs(old) if old else math.nan


def _same_tasks(record: LifelongRecord, other: LifelongRecord, role: str) -> None:
    missing = [task for task in record.tasks if task not in other.metrics]
    if missing:
        raise ValueError(
            f"The {role} record ({other.label}) lacks the task {', '.join(missing)} of "
            f"{record.label}; it has {', '.join(other.metrics) or 'none'}."
        )
