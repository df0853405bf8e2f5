"""Whether a test measures the tasks that its checkpoint has learned."""

from __future__ import annotations

import logging
from typing import Any

from mmengine.logging import print_log

from ..config_values import as_list
from ..datasets import MultiTaskDataset
from ..datasets.pipelines import loads_annotations, single_steps
from ..datasets.wrappers import innermost
from ..evaluation import MultiTaskEvaluator
from ..explaining import first_few
from .phases.checking.agreement import check_evaluator


def check_measured(model: Any, loop: Any) -> None:
    """Warn of learned tasks that a test does not measure; refuse one that measures nothing.

    A metric of other classes than the head's is refused as well.

    Evaluators of another class, and models without heads by task, are left alone.

    Raises:
        ValueError: If no task would be measured, and no prediction is written either; or if a
            metric's classes differ from its head's.
    """
    evaluator, heads = loop.evaluator, getattr(model, "heads", None)
    if not isinstance(evaluator, MultiTaskEvaluator) or not heads:
        return
    metrics = list(dict.fromkeys(evaluator.tasks))
    fields = _fields(loop.dataloader.dataset)
    wanted = [task for task in heads.keys() if task not in evaluator.left_out]
    reasons = {}
    for task in wanted:
        if task not in metrics:
            reasons[task] = f"test_evaluator.metrics has none for it, only for {metrics}"
        elif fields is not None and heads[task].field not in fields:
            reasons[task] = f"test_dataloader.dataset reads no labels for {heads[task].field}"
    listed = [
        f"task {task!r} of the checkpoint is not measured: {reasons[task]}" for task in reasons
    ]
    writes = [evaluator, *evaluator.metrics]
    if reasons and len(reasons) == len(wanted):
        if not any(getattr(each, "output_dir", None) for each in writes):
            raise ValueError(
                f"{first_few(listed)}; nothing would be measured: write <task>=None if so"
            )
    for sentence in listed:
        print_log(sentence, "current", logging.WARNING)
    measured = {task: heads[task] for task in wanted if task not in reasons}
    check_evaluator(measured, evaluator, "test_evaluator")


def _fields(dataset: Any) -> set[str] | None:
    """Fields of the labels that a dataset reads; None if it is not ours, and thus unknown."""
    found: set[str] = set()
    for each in innermost(dataset):
        if not isinstance(each, MultiTaskDataset):
            return None
        if _reads_labels(each):
            found |= {annotation.field for annotation in each.ann_specs.values()}
    return found


def _reads_labels(dataset: Any) -> bool:
    """Whether a dataset's pipeline reads labels; of transforms of others a sample tells it."""
    names = [type(step).__name__ for step in single_steps(dataset.pipeline.transforms)]
    if any(loads_annotations(dict(type=name)) for name in names):
        return True
    samples = as_list(dataset[0].get("data_samples"))  # several for test-time augmentation
    return any(s is None or any(key.startswith("gt_") for key in s.keys()) for s in samples)
