"""``lifelong.json``: the phases of a sequence, and the metrics of all tasks after each."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from ..files import write_text
from .metric_table import MetricTable, add_column, first_columns, measurements
from .record_format import (
    CHECKSUM,
    FIELDS,
    VERSION,
    check,
    checksum,
    name_changes,
    plain,
    read_json,
)
from .units import UNITS


class LifelongRecord:
    """The record of one sequence, the only input of tables, plots and comparisons.

    ``metrics[task][metric]`` holds ``higher_is_better``, the ``unit`` if its class defines one, and
    ``values``, one per phase. A value is None if the task was not learned yet or not evaluated, or
    if the value is not a number.

    Args:
        method: Name of the method, such as 'HAD'.
        seed: Seed of the run.
        **extra: Further fields at the top of the file.

    Attributes:
        method: Name of the method.
        seed: Seed of the run.
        phases: ``name``, ``tasks``, ``checkpoint`` and other recorded facts of each phase, in
            order.
        timing: Duration of each phase in seconds, apart from the results, since repeated runs have
            the same results but not the same durations.
        metrics: Metrics by task and name.
        extra: Further fields of the file.
        path: File that the record was read from.
        with_checksum: Whether the file has a ``checksum`` of all but the timing, by which
            :meth:`load` notices later changes; True for records of a training.

    Examples:
        >>> record = LifelongRecord('HAD', seed=0)
        >>> record.add_phase('seg', ['seg'], 'phase_1_seg/last.pth', 61.2, {'seg/mIoU': 54.1})
        >>> record.save('work_dirs/had/lifelong.json')
    """

    def __init__(self, method: str = "", seed: int | None = None, **extra: Any) -> None:
        self.method = method
        self.seed = seed
        self.phases: list[dict] = []
        self.timing: list[float | None] = []
        self.metrics: MetricTable = {}
        self.extra: dict[str, Any] = extra
        self.path: Path | None = None
        self.with_checksum = False

    def __len__(self) -> int:
        """Number of phases recorded."""
        return len(self.phases)

    @property
    def label(self) -> str:
        """Name in tables: the field ``label`` if there is one, otherwise the method."""
        return str(self.extra.get("label") or self.method or "unnamed")

    @property
    def dataset(self) -> str:
        """Class name of the dataset, from the field ``dataset``; empty if not recorded."""
        return str(self.extra.get("dataset") or "")

    @property
    def tasks(self) -> list[str]:
        """Tasks in the order in which they were learned, then those only evaluated."""
        learned = [task for phase in self.phases for task in phase["tasks"]]
        return list(dict.fromkeys([t for t in learned if t in self.metrics] + list(self.metrics)))

    def values(self, task: str, metric: str) -> list[float | None]:
        """Value of a metric of a task after each phase.

        Returns:
            One value per phase; all None if it was never recorded.
        """
        entry = self.metrics.get(task, {}).get(metric)
        return list(entry["values"]) if entry else [None] * len(self)

    def unit(self, task: str, metric: str) -> str:
        """Unit of a metric as its class defines it, such as ``m`` or ``deg``; empty if none.

        Old records have no units; then the unit is the default of the package's metric of that
        name.
        """
        entry = self.metrics.get(task, {}).get(metric, {})
        return str(entry.get("unit", UNITS.get(metric, "")))

    def learned_in(self, task: str) -> int | None:
        """Index of the phase that introduced a task, None if none did."""
        return next((i for i, phase in enumerate(self.phases) if task in phase["tasks"]), None)

    def add_phase(
        self,
        name: str,
        tasks: Sequence[str],
        checkpoint: str | None,
        seconds: float,
        metrics: Mapping[str, float],
        higher_is_better: Mapping[str, bool] | None = None,
        units: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        """Append a phase and the metrics after it.

        Args:
            name: Name of the phase.
            tasks: The new tasks of the phase.
            checkpoint: Its last checkpoint, relative to the record.
            seconds: Wall time of the phase.
            metrics: Metrics by ``<task>/<metric>``, as :class:`MultiTaskEvaluator` returns them.
                Names without a slash are left out.
            higher_is_better: Directions by ``<task>/<metric>``, as in
                ``MultiTaskEvaluator.higher_is_better``; those of the metrics of this package and
                mmseg are known without it.
            units: Units likewise, see :meth:`unit`.
            **extra: Further fields of the phase, such as ``exemplars``.

        Raises:
            ValueError: If the direction of a metric is unknown. The record is then unchanged.
        """
        measured = measurements(metrics, self.metrics, higher_is_better or {}, units or {})
        phase = plain(dict(name=name, tasks=list(tasks), checkpoint=checkpoint, **extra))
        seconds = plain(seconds)
        add_column(self.metrics, measured, len(self.phases))
        self.phases.append(phase)
        self.timing.append(seconds)

    def describe(self, **facts: Any) -> None:
        """Set fields at the top of the file for the phase that is added next.

        If a sequence is extended, its config and often the versions of packages change. The earlier
        phases then keep the former value as a field of the phase, None if there was none.

        Args:
            **facts: Fields such as ``config``; None removes a field.
        """
        for key, value in facts.items():
            before = self.extra.pop(key, None)
            if value is not None:
                self.extra[key] = value
            if before != value:  # None of a fact that is new: it does not hold for them
                for phase in self.phases:
                    phase.setdefault(key, before)

    def over_phases(self, key: str) -> list[Any]:
        """The different values of a field of :meth:`describe`, in the order of the phases."""
        values = [phase.get(key, self.extra.get(key)) for phase in self.phases]
        found: list[Any] = []
        for value in values or [self.extra.get(key)]:
            if value is not None and value not in found:
                found.append(value)
        return found

    def truncate(self, phases: int) -> None:
        """Remove all but the first phases, as when a sequence is resumed after them.

        Args:
            phases: Number of phases to keep; may be more than there are.
        """
        self.phases, self.timing = self.phases[:phases], self.timing[:phases]
        self.metrics = first_columns(self.metrics, phases)

    def to_dict(self) -> dict:
        """The record as it is written: plain Python values only, None in place of NaN."""
        data = plain(
            dict(
                version=VERSION,
                method=self.method,
                seed=self.seed,
                phases=self.phases,
                metrics=self.metrics,
                timing=[*self.timing, *[None] * len(self)][: len(self)],
                **self.extra,
            )
        )
        return {**data, CHECKSUM: checksum(data)} if self.with_checksum else data

    def results(self) -> dict:
        """The part of the record that repeated runs share: :meth:`to_dict` without ``timing``."""
        left_out = ("timing", CHECKSUM)
        return {key: value for key, value in self.to_dict().items() if key not in left_out}

    def same_results(self, other: LifelongRecord) -> bool:
        """Whether two runs have the same results to the last digit; durations are ignored."""
        return self.results() == other.results()

    def save(self, path: str | os.PathLike) -> None:
        """Write the record in one atomic step."""
        write_text(path, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> LifelongRecord:
        """Read a record; a file that was changed since it was written is named in the log.

        Returns:
            The record, with ``path`` set.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not a complete, valid record; the message names the file and the
                place.
        """
        path, data = read_json(path)
        try:
            record = cls.from_dict(data)
        except ValueError as error:
            raise ValueError(f"{path} is not a record of a lifelong sequence: {error}") from None
        name_changes(path, data)
        record.path = path
        return record

    @classmethod
    def from_dict(cls, data: Any) -> LifelongRecord:
        """Make a record from the dict of :meth:`to_dict`.

        Raises:
            ValueError: If ``data`` is not a valid record.
        """
        check(data)
        data = deepcopy(data)
        extra = {key: value for key, value in data.items() if key not in FIELDS}
        record = cls(data["method"], data["seed"], **extra)
        # old records have no timing, but the seconds of each phase
        seconds = [phase.pop("seconds", None) for phase in data["phases"]]
        record.phases, record.timing = data["phases"], data.get("timing", seconds)
        record.metrics = data["metrics"]
        record.with_checksum = CHECKSUM in data
        return record
