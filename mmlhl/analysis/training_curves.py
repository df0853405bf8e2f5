"""The losses of a complete sequence over its phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .phase_logs import SCALARS, read_phase_logs
from .plot_style import Look, looks, plain_axes, stacked_axes


@dataclass
class PhaseLog:
    """Losses of a phase.

    Attributes:
        name: Name of the phase.
        steps: Iterations, shape (N,).
        losses: By name, shape (N,); NaN where a loss was not logged.
    """

    name: str
    steps: np.ndarray
    losses: dict[str, np.ndarray] = field(default_factory=dict)


def read_losses(work_dir: str | Path) -> list[PhaseLog]:
    """Read the logged losses of each phase of a sequence.

    In older versions, a phase that was stopped and resumed has several logs. A later log replaces
    earlier ones from its first iteration on, or completely if it starts at the beginning of the
    phase.

    Raises:
        FileNotFoundError: If no phase has logged anything.
    """
    logs = []
    for phase in read_phase_logs(work_dir):
        lines: dict[int, dict] = {}
        for source in phase.sources:
            new = _training_lines(source)
            if new:
                first, second = sorted(new)[:2] if len(new) > 1 else (min(new), min(new) + 1)
                start = 0 if first <= second - first else first
                lines = {step: line for step, line in lines.items() if step < start} | new
        if not lines:
            continue
        steps = sorted(lines)
        names = dict.fromkeys(name for step in steps for name in lines[step])
        losses = {n: np.array([lines[s].get(n, np.nan) for s in steps], float) for n in names}
        logs.append(PhaseLog(phase.name, np.array(steps), losses))
    if not logs:
        raise FileNotFoundError(
            f"{work_dir} has no {SCALARS} with losses of phases phase_<n>_<name>; the config needs "
            "a LocalVisBackend for that"
        )
    return logs


def loss_curves(logs: list[PhaseLog], smooth: int = 1, log_scale: bool = False) -> Figure:
    """Draw all losses over the iterations of the complete sequence.

    There is one panel per task (losses are named ``<task>.<loss>``), and one for the total.
    Vertical lines separate the phases.

    Args:
        logs: Result of :func:`read_losses`.
        smooth: Width of a running mean in logged values; 1 for none.
        log_scale: Whether to use a logarithmic scale.

    Raises:
        ValueError: If there are more than 60 tasks.
    """
    names = list(dict.fromkeys(name for log in logs for name in log.losses))
    panels: dict[str, list[str]] = {}
    for name in names:
        panels.setdefault(name.rpartition(".")[0] or "total", []).append(name)
    ends = np.cumsum([log.steps[-1] for log in logs])
    starts = np.concatenate([[0], ends[:-1]])

    # A loss has the same style in all panels.
    styles = looks(list(dict.fromkeys(name.rpartition(".")[2] for name in names)))
    fig, grid = stacked_axes(len(panels), 1.9, 1.2)
    for axes, (task, members) in zip(grid, panels.items(), strict=True):
        for name in members:
            short = name.rpartition(".")[2]
            parts = [
                (start + log.steps, running_mean(log.losses[name], smooth))
                for start, log in zip(starts, logs, strict=True)
                if name in log.losses
            ]
            _draw_loss(axes, parts, short, styles[short])
        for end in ends[:-1]:
            axes.axvline(end, color="0.4", linewidth=0.8, linestyle=":")
        if log_scale:
            axes.set_yscale("log")
        axes.set_ylabel(task)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7, frameon=False)
        plain_axes(axes)
    for start, log in zip(starts, logs, strict=True):
        grid[0].annotate(
            log.name,
            (start, 1.02),
            xycoords=grid[0].get_xaxis_transform(),
            fontsize=9,
            fontweight="bold",
        )
    grid[-1].set_xlim(0, 1.02 * ends[-1])
    grid[-1].set_xlabel("iteration, over all phases")
    return fig


def _draw_loss(
    axes: Axes, parts: Sequence[tuple[np.ndarray, np.ndarray]], label: str, style: Look
) -> None:
    """Draw steps and values of a loss, phase by phase, with one entry in the legend."""
    for index, (steps, values) in enumerate(parts):
        axes.plot(
            steps,
            values,
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markevery=max(1, len(values) // 8),
            markersize=4,
            linewidth=1.2,
            label=None if index else label,
        )


def running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean of each value and up to ``width - 1`` values before it, ignoring NaN.

    Args:
        values: Shape (N,).
        width: Number of values.

    Returns:
        Shape (N,).
    """
    known = np.isfinite(values)
    sums = np.cumsum(np.where(known, values, 0.0))
    counts = np.cumsum(known)
    sums[width:], counts = (
        sums[width:] - sums[:-width],
        np.concatenate([counts[:width], counts[width:] - counts[:-width]]),
    )
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _training_lines(source: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    lines = {}
    for line in source:
        if "loss" not in line:
            continue  # metrics of a validation
        step = int(line.get("step", line.get("iter", 0)))
        lines[step] = {
            name: value for name, value in line.items() if "loss" in name.rpartition(".")[2]
        }
    return lines
