"""The metrics of a record: by task and name, with one value per phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .directions import higher_is_better as direction_of
from .record_format import plain

MetricTable: TypeAlias = dict[str, dict[str, dict]]
"""By task and metric: ``higher_is_better``, perhaps ``unit``, and ``values``, one per phase."""


@dataclass(frozen=True)
class Measurement:
    """The value of one metric after a phase.

    Args:
        task: Name of the task.
        metric: Name of the metric.
        value: None if it is not a number.
        higher_is_better: Its direction.
        unit: Its unit; None if its class does not define one.
    """

    task: str
    metric: str
    value: float | None
    higher_is_better: bool
    unit: str | None = None


def measurements(
    metrics: Mapping[str, float],
    table: MetricTable,
    directions: Mapping[str, bool],
    units: Mapping[str, str],
) -> list[Measurement]:
    """The results of an evaluator as one measurement per metric.

    Args:
        metrics: Values by ``<task>/<metric>``; names without a slash are left out.
        table: The record so far, from which directions are taken as well.
        directions: Directions by ``<task>/<metric>``.
        units: Units likewise.

    Returns:
        One measurement per metric, in order.

    Raises:
        ValueError: If the direction of a metric is unknown.
    """
    found = []
    for key, value in metrics.items():
        task, slash, metric = key.partition("/")
        if not slash:
            continue
        known = table.get(task, {}).get(metric, {}).get("higher_is_better")
        better = directions.get(key, known if known is not None else direction_of(metric))
        if better is None:
            raise ValueError(
                f"It is not known whether a higher {key} is better; give its metric class a "
                f"dict higher_is_better with {metric!r}"
            )
        found.append(Measurement(task, metric, plain(value), bool(better), units.get(key)))
    return found


def add_column(table: MetricTable, measured: Sequence[Measurement], done: int) -> None:
    """Append the values after a phase; metrics that were not measured get None.

    Args:
        table: The table, changed in place.
        measured: The phase's measurements.
        done: Number of phases before it.
    """
    for each in measured:
        entry = table.setdefault(each.task, {}).setdefault(
            each.metric, dict(higher_is_better=each.higher_is_better, values=[None] * done)
        )
        entry["values"].append(each.value)
        if each.unit is not None:
            entry["unit"] = each.unit
    for metrics in table.values():
        for entry in metrics.values():
            entry["values"] += [None] * (done + 1 - len(entry["values"]))


def first_columns(table: MetricTable, phases: int) -> MetricTable:
    """The values of the first phases.

    Returns:
        The table without later values, and without metrics and tasks that then have no value.
    """
    kept: MetricTable = {}
    for task, metrics in table.items():
        for name, entry in metrics.items():
            values = entry["values"][:phases]
            if any(value is not None for value in values):
                kept.setdefault(task, {})[name] = {**entry, "values": values}
    return kept
