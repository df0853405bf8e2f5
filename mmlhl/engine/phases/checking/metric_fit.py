"""Checks that every task has a metric of its kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mmseg.registry import EVALUATOR, METRICS, MODELS

from ....config_values import as_list
from ....evaluation import MultiTaskEvaluator
from ....evaluation.kinds import measured_field, measured_kinds
from ....registered import names_class, registered_class, type_name
from ....spelling import hint, nearest
from ..datasets import multi_task_datasets, offered_tasks
from .signatures import default_of

KINDS = ("val", "test")


def check_metrics(cfg: Mapping, tasks: Sequence[str], where: str = "") -> None:
    """Refuse metrics that would measure another task, another kind of output, or nothing.

    Raises:
        ValueError: Naming the metric and what would be right.
    """
    for kind in KINDS:
        evaluator = cfg.get(f"{kind}_evaluator")
        if cfg.get(f"{kind}_dataloader") is None:
            continue
        place = f"{where}{kind}_evaluator"
        if isinstance(evaluator, (list, tuple)):
            for index, metric in enumerate(evaluator):
                if isinstance(metric, Mapping):
                    _check_alone(metric, tasks, f"{place}[{index}]")
        if not isinstance(evaluator, Mapping):
            continue
        if names_class(EVALUATOR, evaluator, MultiTaskEvaluator):
            heads = cfg["model"].get("heads") or {}
            datasets = multi_task_datasets(cfg[f"{kind}_dataloader"])
            offered = {task for each in datasets for task in offered_tasks(each)}
            _check_evaluator(evaluator.get("metrics"), heads, tasks, offered, place)
        elif registered_class(EVALUATOR, evaluator) is None:
            _check_alone(evaluator, tasks, place)


def _check_alone(metric: Mapping, tasks: Sequence[str], place: str) -> None:
    """Refuse a metric outside a :class:`MultiTaskEvaluator` without a task as its prefix."""
    if str(metric.get("prefix")) not in tasks:
        raise ValueError(
            f"{place}: {type_name(metric)} alone names no task, so nothing of it would be "
            "recorded; write dict(type='MultiTaskEvaluator', metrics=dict("
            f"{tasks[0]}=dict(type={type_name(metric)!r}, ...)))"
        )


def _check_evaluator(
    metrics: Any, heads: Mapping, tasks: Sequence[str], offered: Collection[str], place: str
) -> None:
    if not isinstance(metrics, Mapping) or "type" in metrics:
        return  # the evaluator refuses it
    others = [name for name in metrics if name not in heads]
    for task in tasks:
        if task not in metrics:
            raise ValueError(
                f"{place}.metrics has no metric for task {task!r}; it would never be measured. "
                f"Give it one, or write {task}=None if that is meant{_meant(task, others)}"
            )
        given = metrics[task]
        for metric in as_list(given):
            if isinstance(metric, Mapping):
                _check_metric(metric, heads[task], task, f"{place}.metrics.{task}")
    for name in others:
        if metrics[name] is None or name in offered:  # a set may be measured in full elsewhere
            continue
        raise ValueError(
            f"{place}.metrics has a metric for {name!r}, which has no head, so it would never be "
            f"computed; tasks with heads are {list(heads)}: leave it out, or write {name}=None"
            + hint(str(name), heads)
        )


def _meant(task: str, others: Sequence[str]) -> str:
    near = nearest(task, others)
    return f"; there is one for {near!r}, which has no head" if near else ""


def _check_metric(metric: Mapping, head: Mapping, task: str, place: str) -> None:
    metric_class, head_class = registered_class(METRICS, metric), registered_class(MODELS, head)
    if metric_class is None or head_class is None:
        return
    kinds, kind = measured_kinds(metric_class), getattr(head_class, "kind", None)
    if kinds and kind is not None and kind not in kinds:
        raise ValueError(
            f"{place}: {type_name(metric)} measures {' or '.join(kinds)}, but task {task!r} "
            f"({type_name(head)}) is of kind {kind!r}"
        )
    read = measured_field(metric, default_of(metric_class, "field"), metric_class)
    written = head.get("field", default_of(head_class, "field"))
    if read is not None and written is not None and read != written:
        raise ValueError(
            f"{place}: {type_name(metric)} reads the field {read!r}, but the head of {task!r} "
            f"writes {written!r}; set field={written!r}"
        )
