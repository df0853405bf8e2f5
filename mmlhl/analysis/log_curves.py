"""Curves of logged values, of a sequence, a plain run or a single log file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from ..evaluation.record import LifelongRecord
from ..evaluation.units import with_unit
from ..json_lines import json_lines
from ..spelling import hint
from .phase_logs import SCALARS, read_phase_logs
from .plot_style import MOST_PANELS, looks, plain_axes, stacked_axes

RECORD = "lifelong.json"
PLACES = ("step", "iter", "epoch")


@dataclass
class RunLog:
    """The logged values of one training.

    Attributes:
        name: Name of the run in legends.
        curves: By key, values by iteration, which is counted over all phases.
        phases: Name and first iteration of each phase; empty for a plain run.
        units: Units of the metrics in the sequence's record, by key.
    """

    name: str
    curves: dict[str, dict[int, float]] = field(default_factory=dict)
    phases: list[tuple[str, int]] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, lines: dict[int, dict[str, float]], start: int = 0) -> None:
        """Add the lines of a log, by iteration.

        Args:
            lines: As :func:`read_lines` returns them.
            start: Iterations before the log begins.
        """
        for step, line in lines.items():
            for key, value in line.items():
                self.curves.setdefault(key, {})[start + step] = value


def read_run(path: str | Path) -> RunLog:
    """Read a sequence's or a plain training's work dir, or one ``scalars.json``.

    The metrics that a record has after each phase are placed at the phase's last iteration.

    Raises:
        FileNotFoundError: If nothing was logged there.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    run = RunLog(str(path))
    if path.is_file():
        run.add(read_lines([path]))
    else:
        phases = read_phase_logs(path)
        record = LifelongRecord.load(path / RECORD) if (path / RECORD).is_file() else None
        known = [] if record is None else [phase.get("steps") or 0 for phase in record.phases]
        end = 0
        ends: dict[int, int] = {}  # by number of the phase, as names may occur twice
        for phase in phases:
            lines = read_lines(phase.sources)
            if not lines:
                continue
            run.phases.append((phase.name, end))
            run.add(lines, end)
            # the last steps of a phase may not have been logged
            end += max([max(lines), *known[phase.number - 1 : phase.number]])
            ends[phase.number] = end
        if not phases:
            run.add(read_lines(sorted(path.glob(f"*/{SCALARS}"))))
        if record is not None:
            _add_record(run, record, ends)
    if not run.curves:
        raise FileNotFoundError(
            f"{path} has no logged values; expected {SCALARS} in a folder below it, which a "
            "LocalVisBackend writes"
        )
    return run


def read_lines(files: Sequence[Path | list[dict]]) -> dict[int, dict[str, float]]:
    """Numbers in mmengine's logs by iteration, of one training and its restarts in order.

    A later log replaces earlier ones from its first iteration on. Metrics of a validation are
    placed at the iteration logged before it, since mmengine may number them by epochs.

    Args:
        files: Logs, each with one JSON object per line, or their lines.

    Returns:
        Values by iteration and key.
    """
    lines: dict[int, dict[str, float]] = {}
    for file in files:
        new: dict[int, dict[str, float]] = {}
        step = 0
        for line in json_lines(file, counted=True) if isinstance(file, Path) else file:
            if "loss" in line or not new:
                step = int(next((line[place] for place in PLACES if place in line), step))
            numbers = {k: float(v) for k, v in line.items() if isinstance(v, (int, float))}
            kept = {k: v for k, v in numbers.items() if k not in (*PLACES, "phase")}
            new.setdefault(step, {}).update(kept)
        if new:
            lines = {s: line for s, line in lines.items() if s < min(new)} | new
    return lines


def choose_keys(runs: Sequence[RunLog], keys: Sequence[str] | None) -> list[str]:
    """The keys to draw: the given ones, or all metrics.

    Args:
        runs: Logs of the runs.
        keys: Names of losses or metrics; a metric's name without its task means that of all
            tasks. None for all metrics, or the losses if there is no metric.

    Raises:
        ValueError: If no run has logged one of them, or there are too many to draw.
    """
    known = list(dict.fromkeys(key for run in runs for key in run.curves))
    if keys is None:
        metrics = [key for key in known if "/" in key]
        found = metrics or [key for key in known if "loss" in key.rpartition(".")[2]]
        if len(found) > MOST_PANELS:
            raise ValueError(f"{len(found)} values were logged: choose up to {MOST_PANELS} by keys")
        return found
    chosen: list[str] = []
    for key in keys:
        found = [k for k in known if k == key] or [k for k in known if k.endswith(f"/{key}")]
        if not found:
            names = [*known, *(name.rpartition("/")[2] for name in known)]
            raise ValueError(f"nothing was logged as {key!r}{hint(key, names)}; there is {known}")
        chosen += found
    return list(dict.fromkeys(chosen))


def draw(runs: Sequence[RunLog], keys: Sequence[str]) -> Figure:
    """Draw one panel per key, one line per run; dotted lines separate the phases of a single run.

    Args:
        runs: Logs of the runs.
        keys: As :func:`choose_keys` returns them.
    """
    styles = looks([run.name for run in runs])
    fig, grid = stacked_axes(len(keys), 1.9, 1.0)
    for axes, key in zip(grid, keys, strict=True):
        for run in runs:
            steps = sorted(run.curves.get(key, ()))
            style = styles[run.name]
            axes.plot(
                steps,
                [run.curves[key][step] for step in steps],
                color=style.colour,
                linestyle=style.line,
                marker=style.marker if len(steps) < 30 else None,
                markersize=4,
                linewidth=1.2,
                label=run.name,
            )
        for _, start in (runs[0].phases if len(runs) == 1 else [])[1:]:
            axes.axvline(start, color="0.4", linewidth=0.8, linestyle=":")
        units = dict.fromkeys(run.units[key] for run in runs if run.units.get(key))
        axes.set_ylabel(with_unit(key, ", ".join(units)))
        plain_axes(axes)
    if len(runs) > 1:
        grid[0].legend(loc="best", fontsize=7)
    else:
        for name, start in runs[0].phases:
            place = dict(xycoords=("data", "axes fraction"), fontsize=8)
            grid[0].annotate(name, (start, 1.02), **place)
    grid[-1].set_xlabel("iteration")
    return fig


def _add_record(run: RunLog, record: LifelongRecord, ends: dict[int, int]) -> None:
    for task in record.tasks:
        for metric in record.metrics[task]:
            values = record.values(task, metric)
            run.units[f"{task}/{metric}"] = record.unit(task, metric)
            for number, value in enumerate(values, 1):
                if value is not None and number in ends:
                    run.curves.setdefault(f"{task}/{metric}", {})[ends[number]] = value
