"""Records of several methods and seeds, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..evaluation.record import LifelongRecord
from ..evaluation.tables import decimals
from ..spelling import hint
from .derived import (
    Score,
    backward_transfer,
    choose_of,
    final,
    forgetting,
    mean_rank,
    over_tasks,
    position,
    relative_gain,
)
from .remarks import remarks
from .runs import Group, group_runs
from .seeds import Estimate, mean_record, over_seeds
from .sheet import Column, Sheet


class Comparison:
    """Compare any number of runs, separately for each order of tasks.

    Args:
        records: The runs.
        metrics: Metrics to compare, see :func:`choose`.
        naive: Label of naive training; upper and lower case are the same.
        joint: Label of joint training.
        single: Label of single-task training.
        pairing: 'mean' compares each run with the mean of its reference over the seeds, 'seed'
            with the reference's run of the same seed. With 'mean', the standard deviation is that
            of the method alone, not also of the reference.
        min_span: See :func:`position`.

    Raises:
        ValueError: If two runs have the same label, order and seed, no run has one of the
            metrics, a metric has two units or directions, or ``pairing`` is unknown.
    """

    def __init__(
        self,
        records: Sequence[LifelongRecord],
        metrics: str | Sequence[str] = "paper",
        naive: str = "naive",
        joint: str = "joint",
        single: str = "single",
        pairing: str = "mean",
        min_span: float = 0.0,
    ) -> None:
        if pairing not in ("mean", "seed"):
            raise ValueError(f"pairing must be 'mean' or 'seed', not {pairing!r}")
        _check_names(metrics, records)
        self.metrics = metrics
        self.pairing = pairing
        self.min_span = min_span
        self.groups = group_runs(records, naive, joint, single)
        for group in self.groups:
            _check_units([*group.runs, *group.joint, *group.single])

    def sheets(self, group: Group) -> list[Sheet]:
        """All tables of a group: summary, metrics, forgetting, and the phases of each method."""
        phases = [self.phases(group, label) for label in group.methods]
        return [self.summary(group), self.final(group), self.forgetting(group), *phases]

    def remarks(self, group: Group) -> list[str]:
        """In what the runs of a group are not alike, see :func:`.remarks.remarks`."""
        return remarks(group, self.metrics)

    def summary(self, group: Group) -> Sheet:
        """One row per method: gains, position, rank, forgetting, buffer, time, runs.

        The notes include the :meth:`remarks`.
        """
        columns = [
            Column("gain over naive %", better=True, sign=True),
            Column("naive 0 .. joint 100 %", better=True),
            Column("gain over single %", better=True, sign=True),
            Column("mean rank", better=False),
            Column("forgetting %", better=False),
            Column("backward transfer %", better=True, sign=True),
            Column("exemplars"),
            Column("minutes", digits=1),
            Column("runs"),
        ]
        sheet = self._sheet("summary", f"{group.name}: summary", columns, group)
        ranks = mean_rank({k: mean_record(v) for k, v in group.methods.items()}, self.metrics)
        left_out: set = set()
        for label, runs in self._rows(group):
            places = self._against(runs, group.naive, group.joint, self._position)
            left_out.update(f for score in places for f in score.left_out)
            sequence = label in group.methods
            lost = [over_tasks(forgetting(r, self.metrics, relative=True)) for r in runs]
            moved = [over_tasks(backward_transfer(r, self.metrics, relative=True)) for r in runs]
            times = [[each for each in r.timing if each is not None] for r in runs]
            minutes = over_seeds(sum(each) / 60 for each in times if each)
            cells = [
                _estimate(self._against(runs, group.naive, None, self._gain)),
                _estimate(places),
                _estimate(self._against(runs, group.single, None, self._gain)),
                Estimate(ranks[label]) if sequence else "-",
                _estimate(lost),
                _estimate(moved),
                _exemplars(runs),
                Estimate(minutes.mean, None, minutes.runs, minutes.values) if minutes.runs else "-",
                str(len(runs)),
            ]
            sheet.rows.append((label, cells))
        sheet.notes += _left_out(sheet, self._rows(group))
        bounds = (*group.naive, *group.joint)
        known = {m for m in left_out if not any(math.isnan(final(run, m)) for run in bounds)}
        for metrics, reason in (
            (known, "joint training is not better than naive there"),
            (left_out - known, "not measured in naive or joint training"),
        ):
            if metrics:
                names = ", ".join(" ".join(metric) for metric in sorted(metrics))
                sheet.notes.append(f"Position without {names}: {reason}.")
        sheet.notes += self.remarks(group)
        return sheet

    def final(self, group: Group) -> Sheet:
        """One row per method: all chosen metrics after the last phase."""
        rows = self._rows(group)
        columns = []
        for (task, name), owner in choose_of(group.runs, self.metrics).items():
            values = [final(run, (task, name)) for _, runs in rows for run in runs]
            known = [None if math.isnan(v) else v for v in values]
            better = owner.metrics[task][name]["higher_is_better"]
            columns.append(Column(name, task, better, decimals(known), unit=owner.unit(task, name)))
        sheet = self._sheet("final", f"{group.name}: after the last phase", columns, group)
        for label, runs in rows:
            cells = [over_seeds(final(r, (c.group, c.name)) for r in runs) for c in columns]
            sheet.rows.append((label, cells))
        return sheet

    def forgetting(self, group: Group) -> Sheet:
        """One row per method: forgetting of each task in percent of its best value."""
        tasks = list(dict.fromkeys(task for phase in group.order[:-1] for task in phase))
        columns = [Column(task, better=False) for task in tasks]
        title = f"{group.name}: forgetting in % of the best earlier value"
        sheet = self._sheet("forgetting", title, columns, group)
        for label, runs in group.methods.items():
            scores = [over_tasks(forgetting(r, self.metrics, relative=True)) for r in runs]
            cells = [over_seeds(s.tasks.get(task, math.nan) for s in scores) for task in tasks]
            sheet.rows.append((label, cells))
        return sheet

    def phases(self, group: Group, label: str) -> Sheet:
        """One row per metric: its value after each phase of one method."""
        runs = group.methods[label]
        columns = [Column("+".join(t), f"{i}") for i, t in enumerate(group.order, start=1)]
        sheet = Sheet("phases", f"{group.name}: {label} after each phase", columns, corner="metric")
        for (task, name), owner in choose_of(runs, self.metrics).items():
            better = owner.metrics[task][name]["higher_is_better"]
            values = zip(*(run.values(task, name) for run in runs), strict=True)
            cells = [over_seeds(column) for column in values]
            heading = Column(name, task, better, unit=owner.unit(task, name)).heading
            sheet.rows.append((heading, cells))
            sheet.row_digits.append(decimals([cell.mean for cell in cells if cell.runs]))
        return sheet

    def _rows(self, group: Group) -> list[tuple[str, list[LifelongRecord]]]:
        rows = list(group.methods.items())
        bounds = filter(None, (group.joint, group.single))
        return rows + [(runs[0].label, runs) for runs in bounds]

    def _sheet(self, name: str, title: str, columns: list[Column], group: Group) -> Sheet:
        # Joint and single-task training are bounds and are not ranked.
        bounds = {run.label for run in (*group.joint, *group.single)}
        return Sheet(name, title, columns, unranked=bounds)

    def _gain(self, record: LifelongRecord, reference: LifelongRecord, _: None) -> Score:
        return relative_gain(record, reference, self.metrics)

    def _position(
        self, record: LifelongRecord, naive: LifelongRecord, joint: LifelongRecord
    ) -> Score:
        return position(record, naive, joint, self.metrics, self.min_span)

    def _against(
        self,
        runs: list[LifelongRecord],
        low: list[LifelongRecord],
        high: list[LifelongRecord] | None,
        measure: Callable[..., Score],
    ) -> list[Score]:
        """Compare each run with one or two references; empty if a reference is missing."""
        if not low or high == []:
            return []
        return [
            measure(run, self._reference(run, low), high and self._reference(run, high))
            for run in runs
        ]

    def _reference(self, run: LifelongRecord, runs: list[LifelongRecord]) -> LifelongRecord:
        if self.pairing == "mean":
            return mean_record(runs)
        found = [other for other in runs if other.seed == run.seed]
        if not found:
            raise ValueError(
                f"There is no run of {runs[0].label} with seed {run.seed} to compare "
                f"{run.label} with; use pairing='mean'"
            )
        return found[0]


def _check_names(metrics: str | Sequence[str], records: Sequence[LifelongRecord]) -> None:
    """Refuse the name of a metric that no record has, which would be left out in silence."""
    known = {name for record in records for task in record.metrics.values() for name in task}
    for name in () if isinstance(metrics, str) else metrics:
        if name not in known:
            raise ValueError(
                f"no run has the metric {name!r}{hint(name, sorted(known))}; there are "
                f"{', '.join(sorted(known)) or 'none'}"
            )


def _check_units(runs: Sequence[LifelongRecord]) -> None:
    """Refuse values of one metric that mean something else in another run."""
    first: dict[tuple[str, str, str], tuple[object, LifelongRecord]] = {}
    for run in runs:
        for task, metrics in run.metrics.items():
            for name, entry in metrics.items():
                for fact in ("unit", "higher_is_better"):
                    if fact not in entry:  # older records have no units
                        continue
                    value, owner = first.setdefault((task, name, fact), (entry[fact], run))
                    if value != entry[fact]:
                        raise ValueError(
                            f"{fact} of {task} {name} is {value!r} in {_where(owner)}, "
                            f"{entry[fact]!r} in {_where(run)}: they cannot be compared"
                        )


def _where(run: LifelongRecord) -> str:
    return str(run.path or f"{run.label}, seed {run.seed}")


def _estimate(scores: list[Score]) -> Estimate | str:
    return over_seeds(score.mean for score in scores) if scores else "-"


def _left_out(sheet: Sheet, rows: Sequence[tuple[str, list]]) -> list[str]:
    """Notes on means of fewer runs than their row has, since the value of the others is undefined.

    Args:
        sheet: With its cells; one without any value shows a dash and needs no note.
        rows: Name and runs of each row.
    """
    notes = []
    runs = {label: len(each) for label, each in rows}
    for index, column in enumerate(sheet.columns):
        values = {
            label: len(cells[index].values)
            for label, cells in sheet.rows
            if isinstance(cells[index], Estimate)
        }
        few = [
            f"{n} of {runs[label]} runs of {label}"
            for label, n in values.items()
            if 0 < n < runs[label]
        ]
        if few:
            notes.append(f"{column.heading}: only {', '.join(few)}; undefined in the others.")
    return notes


def _exemplars(runs: list[LifelongRecord]) -> str:
    kept = [phase.get("exemplars") or 0 for run in runs for phase in run.phases]
    return str(max(kept)) if any(kept) else "none"
