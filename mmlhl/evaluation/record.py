"""``lifelong.json``: the phases of a sequence, and the metrics of all tasks after each."""

import json
import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from ..files import write_text
from .metric_table import MetricTable, add_column, first_columns, measurements
from .record_format import FIELDS, VERSION, check, plain, read_json
from .units import UNITS


class LifelongRecord:
    """The record of one sequence, the only thing that tables, plots and comparisons are made of.

    ``metrics[task][metric]`` holds ``higher_is_better``, the ``unit`` if its class says one, and
    ``values``, one per phase, None where the task was not learned yet, not evaluated, or the value
    not a number.

    Args:
        method: Name of the method, such as 'HAD'. Defaults to ''.
        seed: Seed of the run. Defaults to None.
        **extra: Further fields to keep at the top of the file.

    Attributes:
        method: Name of the method.
        seed: Seed of the run.
        phases: ``name``, ``tasks``, ``checkpoint`` and whatever else was recorded of each phase,
            in order.
        timing: Seconds that each phase took, apart from its results: two runs of the same have
            the same results and never the same times.
        metrics: Metrics by task and name.
        extra: Fields of the file that this class does not know.
        path: Where the record was read from.

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

    def __len__(self) -> int:
        """Number of phases recorded."""
        return len(self.phases)

    @property
    def label(self) -> str:
        """Name for tables, the ``label`` field if there is one, otherwise the method."""
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

        Args:
            task: Name of the task.
            metric: Name of the metric.

        Returns:
            One value per phase; all None if it was never recorded.
        """
        entry = self.metrics.get(task, {}).get(metric)
        return list(entry["values"]) if entry else [None] * len(self)

    def unit(self, task: str, metric: str) -> str:
        """Unit of a metric: ``m``, ``deg``, ``%`` or whatever its class says; empty if it has none.

        A record that does not say it is of before units were recorded: then the unit is the one
        that the package's metric of that name has by default.
        """
        entry = self.metrics.get(task, {}).get(metric, {})
        return str(entry.get("unit", UNITS.get(metric, "")))

    def learned_in(self, task: str) -> int | None:
        """Index of the phase that brought a task, None if none did."""
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
            tasks: Tasks that the phase brought.
            checkpoint: Its last checkpoint, relative to the record.
            seconds: Wall time of the phase.
            metrics: Metrics by ``<task>/<metric>``, as
                :class:`MultiTaskEvaluator` returns them. Names without a slash are left out.
            higher_is_better: Direction by ``<task>/<metric>``, as
                ``MultiTaskEvaluator.higher_is_better`` knows it. Defaults to None: only metrics
                that this package or mmseg computes are known.
            units: Units likewise, see :meth:`unit`. Defaults to None.
            **extra: Further fields of the phase, such as ``exemplars``.

        Raises:
            ValueError: If the direction of a metric is not known. The record is then unchanged.
        """
        measured = measurements(metrics, self.metrics, higher_is_better or {}, units or {})
        phase = plain(dict(name=name, tasks=list(tasks), checkpoint=checkpoint, **extra))
        seconds = plain(seconds)
        add_column(self.metrics, measured, len(self.phases))
        self.phases.append(phase)
        self.timing.append(seconds)

    def describe(self, **facts: Any) -> None:
        """Set fields at the top of the file to what holds for the phase that is added next.

        A sequence that was extended has another config, and often other versions, than its first
        phases had: those keep what was said of them, as a field of their own.

        Args:
            **facts: Fields such as ``config``; None takes a field out.
        """
        for key, value in facts.items():
            before = self.extra.pop(key, None)
            if value is not None:
                self.extra[key] = value
            if before is not None and before != value:
                for phase in self.phases:
                    phase.setdefault(key, before)

    def over_phases(self, key: str) -> list[Any]:
        """What a field of :meth:`describe` was, phase by phase, without repeating a value.

        Args:
            key: Name of the field.
        """
        values = [phase.get(key, self.extra.get(key)) for phase in self.phases]
        found: list[Any] = []
        for value in values or [self.extra.get(key)]:
            if value is not None and value not in found:
                found.append(value)
        return found

    def truncate(self, phases: int) -> None:
        """Forget all but the first phases, as when a sequence is resumed after them.

        Args:
            phases: How many phases to keep; nothing happens if there are not more.
        """
        self.phases, self.timing = self.phases[:phases], self.timing[:phases]
        self.metrics = first_columns(self.metrics, phases)

    def to_dict(self) -> dict:
        """The record as it is written: plain Python values only, None in place of NaN."""
        return plain(
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

    def results(self) -> dict:
        """The record without what differs each time: :meth:`to_dict` without ``timing``."""
        return {key: value for key, value in self.to_dict().items() if key != "timing"}

    def same_results(self, other: "LifelongRecord") -> bool:
        """Whether two runs had the same outcome, to the last digit; times do not count."""
        return self.results() == other.results()

    def save(self, path: str | os.PathLike) -> None:
        """Write the record; whoever reads sees the old or the new file, never half of one.

        Args:
            path: File name, usually ``<work_dir>/lifelong.json``.
        """
        write_text(path, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> "LifelongRecord":
        """Read a record.

        Args:
            path: A ``lifelong.json``, or the folder that holds it.

        Returns:
            The record, with ``path`` set.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not a whole, valid record; the message names the file and the
                place.
        """
        path, data = read_json(path)
        try:
            record = cls.from_dict(data)
        except ValueError as error:
            raise ValueError(f"{path} is not a record of a lifelong sequence: {error}") from None
        record.path = path
        return record

    @classmethod
    def from_dict(cls, data: Any) -> "LifelongRecord":
        """Make a record of what :meth:`to_dict` gave.

        Raises:
            ValueError: If ``data`` is not a valid record.
        """
        check(data)
        data = deepcopy(data)
        extra = {key: value for key, value in data.items() if key not in FIELDS}
        record = cls(data["method"], data["seed"], **extra)
        # before timing was a field of its own, each phase had its seconds
        seconds = [phase.pop("seconds", None) for phase in data["phases"]]
        record.phases, record.timing = data["phases"], data.get("timing", seconds)
        record.metrics = data["metrics"]
        return record
