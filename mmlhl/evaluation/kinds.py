"""Which kinds of output a metric measures, and which field it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmseg.evaluation import CityscapesMetric, DepthMetric, IoUMetric

#: Fields that mmseg's own metrics, and classes derived from them, read.
STOCK_FIELDS: dict[type, str] = {
    IoUMetric: "sem_seg",
    CityscapesMetric: "sem_seg",
    DepthMetric: "depth_map",
}
STOCK_KINDS: dict[type, tuple[str, ...]] = {
    IoUMetric: ("classes",),
    CityscapesMetric: ("classes",),
    DepthMetric: ("depth",),
}


def measured_kinds(metric: type) -> tuple[str, ...]:
    """Kinds of output, of ``mmlhl.datasets.annotation.KINDS``, that a metric class measures.

    Args:
        metric: The class; a user's own class may have an attribute ``kinds``.

    Returns:
        The kinds; empty if they are unknown.
    """
    stock = next((kinds for base, kinds in STOCK_KINDS.items() if issubclass(metric, base)), ())
    return tuple(getattr(metric, "kinds", None) or stock)


def stock_field(metric: type) -> str | None:
    """The field that a metric of mmseg's, or one derived from it, reads; None for others."""
    return next((field for base, field in STOCK_FIELDS.items() if issubclass(metric, base)), None)


def measured_field(config: Mapping, default: object, metric: type) -> str | None:
    """The field that a metric with a config reads, None if it is unknown.

    Args:
        config: The metric's config.
        default: Default of the class's ``field``.
        metric: The class.
    """
    field = config.get("field", default)
    return field if isinstance(field, str) else stock_field(metric)


def tell_fields(evaluator: Any, model: Any) -> None:
    """Tell a ``MultiTaskEvaluator`` which tasks a model predicts, and under which names.

    Args:
        evaluator: Any evaluator.
        model: Any model, without wrappers; of one without heads by task nothing is told.
    """
    heads = getattr(model, "heads", None)
    if hasattr(evaluator, "predicted_fields") and heads:
        evaluator.predicted_fields = {task: head.field for task, head in heads.items()}


def samples_of(task: str, samples: list[dict], fields: Mapping[str, str] | None) -> list[dict]:
    """Samples for a metric of the user's own, which reads the maps of its task's head.

    Args:
        task: The task.
        samples: Samples as dicts.
        fields: Field of each task that the model predicts; None if that is unknown.

    Returns:
        Those with a prediction of the task, so none before it is learned; of joined sets those
        with its labels.
    """
    if fields is None:
        return samples
    pred, gt = f"pred_{fields.get(task)}", f"gt_{fields.get(task)}"
    return [
        each
        for each in samples
        if pred in each and (gt in each or not any(key.startswith("gt_") for key in each))
    ]
