"""Adding a phase to the record, and printing its table."""

from __future__ import annotations

import logging
import math
import os.path as osp
from collections.abc import Mapping, Sequence
from io import StringIO

from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.runner import Runner
from rich.console import Console

from ..checkpoints.checksums import weights_digest
from ..datasets.wrappers import innermost_configs
from ..evaluation import LifelongRecord, phase_table
from ..evaluation.directions import higher_is_better
from ..registered import type_name
from .environment import environment
from .fingerprints import read_fingerprints
from .learner import PhaseModel


@master_only
def add_to_record(
    path: str,
    runner: Runner,
    model: PhaseModel,
    name: str,
    tasks: list[str],
    checkpoint: str,
    seconds: float,
    metrics: dict[str, float],
) -> None:
    """Append a finished phase to the record and print its table.

    A phase with the same tasks in the record, and all later ones, are replaced.

    Args:
        path: The record's file; created if it does not exist.
        runner: Runner of the phase, whose evaluator defines in which direction metrics improve.
        model: The model at the phase's end.
        name: The phase's name.
        tasks: The phase's new tasks.
        checkpoint: File of the model.
        seconds: Duration of training.
        metrics: Metrics by ``<task>/<metric>``; those of tasks without a head are left out.
    """
    record = _record_before(path, runner, model, tasks)
    evaluator = runner.test_loop.evaluator if metrics else None
    kept, directions = _with_direction(metrics, model.tasks, evaluator)
    warn_of_unmeasured(kept)
    record.add_phase(
        name,
        tasks,
        osp.relpath(checkpoint, osp.dirname(osp.abspath(path))),
        round(seconds, 1),
        kept,
        directions,
        getattr(evaluator, "units", None),
        exemplars=model.method.exemplars,
        steps=runner.iter,
        weights=weights_digest(checkpoint),
        **_fingerprint(path, runner),
    )
    record.with_checksum = True
    record.save(path)
    text = StringIO()
    Console(file=text, width=100).print(phase_table(record))
    runner.logger.info(f"{path}\n{text.getvalue()}")


def _record_before(
    path: str, runner: Runner, model: PhaseModel, tasks: list[str]
) -> LifelongRecord:
    """The record of the phases before the one with these tasks, describing the current run."""
    if osp.isfile(path):
        record = LifelongRecord.load(path)
    else:
        record = LifelongRecord(type(model.method).__name__, runner.seed)
    again = [i for i, phase in enumerate(record.phases) if phase["tasks"] == list(tasks)]
    record.truncate(again[0] if again else len(record))
    config = getattr(runner.cfg, "filename", None)
    record.describe(
        label=runner.cfg.get("label") or None,  # distinguishes variants of a method in tables
        dataset=dataset_name(runner.cfg),  # metrics on different datasets are not compared
        config="/".join(osp.abspath(config).split(osp.sep)[-2:]) if config else None,
        environment=environment(),
    )
    return record


def _with_direction(
    metrics: dict[str, float], tasks: Sequence[str], evaluator: Evaluator | None
) -> tuple[dict[str, float], dict[str, bool]]:
    """The metrics of known tasks, and whether higher is better; others are warned of."""
    kept, directions = {}, {}
    for metric, value in metrics.items():
        better = higher_is_better(metric, evaluator)
        if metric.split("/")[0] not in tasks:
            continue
        if better is None:  # a warning, since an error would discard a trained phase
            print_log(
                f"{metric} is not recorded: give its metric a dict higher_is_better",
                "current",
                logging.WARNING,
            )
            continue
        kept[metric], directions[metric] = value, better
    return kept, directions


def warn_of_unmeasured(metrics: Mapping[str, float]) -> None:
    """Warn of metrics that are not numbers, for which the record has null."""
    for task in dict.fromkeys(metric.split("/")[0] for metric in metrics):
        values = {k: v for k, v in metrics.items() if k.split("/")[0] == task}
        wrong = [name for name, value in values.items() if not math.isfinite(value)]
        if not wrong:
            continue
        if len(wrong) == len(values):
            text = (
                f"nothing of task {task!r} was measured: {', '.join(wrong)} are not numbers. Do "
                "the test set's labels and the metric's bounds, such as max_depth, fit in unit?"
            )
        else:
            given = ", ".join(f"{name} is {values[name]}" for name in wrong)
            text = f"{given}: the record has null, since a prediction or label gives no number"
        print_log(text, "current", logging.WARNING)


def _fingerprint(path: str, runner: Runner) -> dict:
    """The phase's fingerprint, if its sequence stored one when it began."""
    stored = read_fingerprints(osp.dirname(osp.abspath(path)))
    return stored.get(osp.basename(osp.normpath(runner.work_dir)), {})


def dataset_name(cfg: Config) -> str | None:
    """Class name of a config's training set, or of its test set if there is none.

    Returns:
        The class name of the dataset inside wrappers such as ``RepeatDataset``, the first one of
        several; None without a loader.
    """
    for key in ("train_dataloader", "test_dataloader"):
        dataset = (cfg.get(key) or {}).get("dataset")
        if dataset is not None:
            return type_name(next(innermost_configs(dataset), dataset))
    return None
