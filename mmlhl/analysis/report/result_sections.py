"""Sections on results, one for each order of tasks."""

from __future__ import annotations

from collections.abc import Sequence

from ...evaluation.record import LifelongRecord
from ..comparison import Comparison
from ..derived import choose, choose_of
from ..runs import Group
from ..seeds import mean_record
from ..sequence_plots import gain_bars, heat_map, task_curves
from .document import Block, Paragraph, Section, Table
from .pictures import plot

READING = (
    "The arrow shows which direction is better. The unit is in brackets; plain numbers have none. "
    "A dash means that the task was not learned yet, or that nothing was measured."
)


def results(
    records: Sequence[LifelongRecord], metrics: str | Sequence[str], naive: str = "naive"
) -> list[Section]:
    """Tables, heat maps, curves and gains of all runs that have metrics.

    Returns:
        One section per order of tasks.

    Raises:
        ValueError: If two runs have the same label, dataset, order and seed.
    """
    measured = [record for record in records if record.metrics]
    if not measured:
        text = "No metric was recorded: the config has no test_dataloader and test_evaluator."
        return [Section("Results", [Paragraph(text)])]
    comparison = Comparison(measured, metrics, naive)
    sections = [_group(comparison, group) for group in comparison.groups]
    if not sections:
        text = "All runs are joint or single-task training, of different tasks."
        return [Section("Results", [Paragraph(text)])]
    return sections


def _group(comparison: Comparison, group: Group) -> Section:
    tables = [Section("After each phase", [Paragraph(READING)])]
    for label in group.methods:
        tables[0].blocks.append(Table.from_sheet(comparison.phases(group, label)))
    several = len(group.methods) > 1 or group.joint or group.single
    if not several:  # the summary has them
        tables[0].blocks += [Paragraph(each) for each in comparison.remarks(group)]
    else:
        final = comparison.final(group)
        sheets = [comparison.summary(group), comparison.forgetting(group)]
        sheets += final.split() if final.columns else []
        compared = [Table.from_sheet(sheet) for sheet in sheets if sheet.columns and sheet.rows]
        tables.append(Section("Comparison", [*compared]))
    tables += [_gain(comparison, group), _plots(comparison, group)]
    return Section(f"Results: {group.name}", sections=tables)


def _gain(comparison: Comparison, group: Group) -> Section:
    if not group.naive:
        text = "No run of naive training with this order of tasks is given (--naive DIR)."
        return Section("Gain over naive training", [Paragraph(text)])
    if len(group.methods) == 1 and not group.joint:
        text = "Naive training is the only run of this order of tasks."
        return Section("Gain over naive training", [Paragraph(text)])
    sheet = comparison.summary(group)
    gains = "; ".join(f"{name} {sheet.text(i, 0)}" for i, (name, _) in enumerate(sheet.rows))
    picture = plot(
        lambda: gain_bars(comparison, group),
        f"Bars of the relative gain over naive training in %: {gains}.",
        "Relative gain over naive training after the last phase, %",
    )
    return Section("Gain over naive training", [picture])


def _plots(comparison: Comparison, group: Group) -> Section:
    blocks: list[Block] = []
    for label, runs in group.methods.items():
        record = mean_record(runs)
        if not choose(record, comparison.metrics):
            continue
        seeds = f", mean of {len(runs)} runs" if len(runs) > 1 else ""
        blocks.append(
            plot(
                lambda: heat_map(record, comparison.metrics, f"{label}{seeds}"),  # noqa: B023
                f"Heat map of {label}: one row per metric, one column per phase; each cell "
                "holds the value and its change in % since the task was learned. The values are "
                f"in the table {label} after each phase.",
                f"Heat map of {label}{seeds}: purple is better than when learned, orange worse",
            )
        )
    if choose_of(group.runs, comparison.metrics):
        labels = ", ".join(group.methods)
        several = any(len(runs) > 1 for runs in group.methods.values())
        bars = "; bars are one standard deviation over seeds" if several else ""
        blocks.append(
            plot(
                lambda: task_curves(group, comparison.metrics),
                "Curves of each metric over the phases, one panel per metric, one line per "
                f"method: {labels}. The values are in the tables after each phase.",
                f"Metrics after each phase{bars}",
            )
        )
    return Section("Heat maps and curves", blocks)
