"""Plots of records: heat maps by task and phase, curves over phases, bars of gains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..evaluation.record import LifelongRecord
from ..evaluation.tables import arrow, decimals, number
from ..evaluation.units import with_unit
from .comparison import Comparison
from .derived import choose, choose_of, final, improvement
from .plot_style import Look, looks, new_figure, plain_axes
from .runs import Group
from .seeds import Estimate, over_seeds


def heat_map(
    record: LifelongRecord,
    metrics: str | Sequence[str] = "paper",
    title: str = "",
    limit: float = 50.0,
) -> Figure:
    """Draw a heat map by metric and phase: values as numbers, change since learned as colour.

    Purple is better and orange is worse than when the task was learned, which can be distinguished
    with any colour vision; the sign is written in the cell as well. Phases before a task was
    learned are hatched.

    Args:
        record: The record, or the mean of several.
        metrics: See :func:`choose`.
        title: Title; by default the record's label.
        limit: Change in percent with the darkest colour, fixed so that plots can be compared.
    """
    rows = choose(record, metrics)
    change = np.full((len(rows), len(record)), np.nan)
    for i, metric in enumerate(rows):
        known = [v for v in record.values(*metric) if v is not None]
        for j, value in enumerate(record.values(*metric)):
            if value is not None and known[0] != 0:
                gain = improvement(record, metric, value, known[0])
                change[i, j] = 100 * gain / abs(known[0])
    fig = new_figure(2.8 + 1.15 * len(record), max(2.6, 1.2 + 0.36 * len(rows)))
    axes = fig.add_subplot()
    image = axes.imshow(change, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
    for i, metric in enumerate(rows):
        values = record.values(*metric)
        learned = next((j for j, v in enumerate(values) if v is not None), len(values))
        for j, value in enumerate(values):
            if value is None and j < learned:
                box = Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, hatch="///", edgecolor="0.8")
                box.set_linewidth(0)
                axes.add_patch(box)
                continue
            text = number(value, decimals(values))
            if j > learned and not math.isnan(change[i, j]):
                text += f"\n{change[i, j]:+.0f} %"
            dark = abs(change[i, j]) > 0.6 * limit
            axes.text(j, i, text, ha="center", va="center", fontsize=7, color="w" if dark else "k")
    names = [heading(record, metric) for metric in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_xticks(range(len(record)), phase_names(record))
    axes.set_xlabel("after phase")
    axes.set_title(title or record.label)
    axes.tick_params(length=0)
    # Lines between tasks.
    for i in range(1, len(rows)):
        if rows[i][0] != rows[i - 1][0]:
            axes.axhline(i - 0.5, color="k", linewidth=0.8)
    bar = fig.colorbar(image, ax=axes, extend="both")
    bar.set_label("change since learned [%]\n(+ better, - worse)", fontsize=9)
    return fig


def task_curves(group: Group, metrics: str | Sequence[str] = "paper", columns: int = 3) -> Figure:
    """Draw each metric over the phases, one line per method, with bars of one standard deviation.

    Joint training is a horizontal grey dotted line, since it has no phases.

    Returns:
        The figure, with one panel per metric.
    """
    first = next(iter(group.methods.values()))[0]
    panels = choose_of(group.runs, metrics)
    styles = looks(list(group.methods))
    columns = min(columns, len(panels))
    lines = math.ceil(len(panels) / columns)
    fig = new_figure(0.6 + 2.8 * columns, 0.9 + 2.3 * lines)
    grid = fig.subplots(lines, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (metric, owner) in zip(grid.flat, panels.items(), strict=False):
        _curves(axes, group, metric, styles)
        axes.set_title(heading(owner, metric), fontsize=10)
        axes.set_xticks(range(len(first)), phase_names(first), fontsize=8)
        axes.tick_params(axis="y", labelsize=8)
        axes.set_xlim(-0.25, len(first) - 0.75)
        plain_axes(axes)
    handles = {}
    for axes in grid.flat[: len(panels)]:
        handles.update(dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True)))
    for joint in group.joint[:1]:  # last, since it is not a method
        if joint.label in handles:
            handles[joint.label] = handles.pop(joint.label)
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6, frameon=False)
    fig.suptitle(f"{group.name}, metrics after each phase", fontsize=11)
    return fig


def gain_bars(comparison: Comparison, group: Group) -> Figure:
    """Draw the relative gain over naive and, where joint training was run, the position.

    Args:
        comparison: The comparison.
        group: One of its groups; naive runs are needed.

    Returns:
        The figure: horizontal bars, best on top, with whiskers of one standard deviation.

    Raises:
        ValueError: If the group has no naive runs.
    """
    if not group.naive:
        raise ValueError(f"Gains of {group.name} need runs of naive training, but there are none")
    sheet = comparison.summary(group)
    styles = looks([name for name, _ in sheet.rows])
    panels = [(0, "relative gain over naive, %")]
    if group.joint:
        panels.append((1, "position: naive 0, joint 100 %"))
    fig = new_figure(0.8 + 3.7 * len(panels), 1.1 + 0.42 * len(sheet.rows))
    for axes, (column, title) in zip(
        fig.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        cells = [(name, cells[column]) for name, cells in sheet.rows]
        _bars(axes, [(n, c) for n, c in cells if isinstance(c, Estimate)], styles)
        axes.set_xlabel(title)
    fig.suptitle(f"{group.name}, after the last phase", fontsize=11)
    return fig


def heading(record: LifelongRecord, metric: tuple[str, str]) -> str:
    """Task, name and unit of a metric, with an arrow up if higher is better, else down."""
    task, name = metric
    better = record.metrics[task][name]["higher_is_better"]
    return f"{task} {with_unit(name, record.unit(task, name))} {arrow(better)}"


def phase_names(record: LifelongRecord) -> list[str]:
    """Number and tasks of each phase, for an axis."""
    return [f"{i}\n{'+'.join(p['tasks'])}" for i, p in enumerate(record.phases, start=1)]


def _curves(axes: Axes, group: Group, metric: tuple[str, str], styles: dict[str, Look]) -> None:
    # Methods are shifted a little, so that markers and whiskers do not cover each other.
    shifts = np.linspace(-0.12, 0.12, len(group.methods)) if len(group.methods) > 1 else [0]
    for shift, (label, runs) in zip(shifts, group.methods.items(), strict=True):
        points = zip(*(run.values(*metric) for run in runs), strict=True)
        estimates = [over_seeds(point) for point in points]
        known = [(j + shift, e) for j, e in enumerate(estimates) if e.runs]
        look = styles[label]
        axes.errorbar(
            [x for x, _ in known],
            [e.mean for _, e in known],
            yerr=[e.std or 0 for _, e in known] if any(e.std for _, e in known) else None,
            label=label,
            color=look.colour,
            marker=look.marker,
            linestyle=look.line,
            markersize=5,
            linewidth=1.4,
            capsize=2,
        )
    if group.joint:
        joint = over_seeds(final(run, metric) for run in group.joint)
        if joint.runs:
            label = group.joint[0].label
            axes.axhline(joint.mean, color="0.45", linestyle=":", linewidth=1.2, label=label)


def _bars(axes: Axes, cells: list[tuple[str, Estimate]], styles: dict[str, Look]) -> None:
    def height(estimate: Estimate) -> float:
        return estimate.mean if math.isfinite(estimate.mean) else 0.0

    cells = sorted(cells, key=lambda cell: height(cell[1]))
    values = [height(estimate) for _, estimate in cells]
    for y, (label, estimate) in enumerate(cells):
        look = styles[label]
        axes.barh(
            y,
            values[y],
            xerr=estimate.std or None,
            height=0.7,
            color="white",
            edgecolor=look.colour,
            hatch=look.hatch,
            linewidth=1.2,
            capsize=2,
        )
        text = (
            f"{round(estimate.mean, 1) + 0.0:.1f}"
            if math.isfinite(estimate.mean)
            else "not defined"
        )
        end = values[y] + math.copysign(estimate.std or 0, values[y])
        axes.annotate(
            text,
            (end, y),
            xytext=(4 if values[y] >= 0 else -4, 0),
            textcoords="offset points",
            ha="left" if values[y] >= 0 else "right",
            va="center",
            fontsize=8,
        )
    axes.set_yticks(range(len(cells)), [label for label, _ in cells])
    axes.axvline(0, color="k", linewidth=0.8)
    axes.margins(x=0.2)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
