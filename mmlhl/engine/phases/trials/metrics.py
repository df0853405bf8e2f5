"""Trials of metrics on the predictions of a trial."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from typing import Any

from mmengine.dist import get_world_size
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import print_log

from ....evaluation.directions import higher_is_better
from ....explaining import explained_error
from ..quiet_init import quiet

_warned: set[str] = set()


def try_metrics(
    evaluator: Evaluator, predicted: Sequence[tuple[Any, Any]], recorded: bool = True
) -> Sequence[str]:
    """Compute the metrics of predictions; the values are dropped.

    Args:
        evaluator: A new evaluator.
        predicted: Samples with predictions and ground truth, each with their batch; may be empty.
        recorded: Whether a record of phases holds the values, which needs their directions.

    Returns:
        Names of the values; empty if nothing was predicted, or with several processes.

    Raises:
        ValueError: Naming the metric that failed, or whose value is not a number.
    """
    try:
        for samples, batch in predicted:
            evaluator.process(data_samples=samples, data_batch=batch)
        if not predicted:
            return []
        with quiet():  # the values mean nothing
            names = _values(evaluator, sum(len(samples) for samples, _ in predicted))
    except Exception as error:
        metric = _failed(error)
        text = explained_error(error)
        raise ValueError(
            text if metric is None or metric in text else f"{metric}: {text}"
        ) from error
    for name in names if recorded else ():
        if higher_is_better(name, evaluator) is None and name not in _warned:
            _warned.add(name)
            print_log(
                f"{name} will not be recorded: give its metric a dict higher_is_better",
                "current",
                logging.WARNING,
            )
    return names


def _values(evaluator: Evaluator, size: int) -> Sequence[str]:
    """Compute the metrics; names of the values."""
    if get_world_size() == 1:
        return list(evaluator.evaluate(size))
    for metric in evaluator.metrics:  # without collecting results, which waits for all processes
        if metric.results:
            metric.compute_metrics(list(metric.results))
    return []


def _failed(error: Exception) -> str | None:
    """Class name of the metric in which an error was raised."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        owner = frame.f_locals.get("self")
        if isinstance(owner, BaseMetric):
            return type(owner).__name__
    return None
