"""Writing a phase into the record, and showing how things stand."""

from __future__ import annotations

import os.path as osp
from io import StringIO

from mmengine.dist import master_only
from mmengine.runner import Runner
from rich.console import Console

from ..evaluation import LifelongRecord, phase_table
from ..models.segmentors import LifelongSegmentor


@master_only
def add_to_record(
    path: str,
    runner: Runner,
    model: LifelongSegmentor,
    name: str,
    tasks: list[str],
    checkpoint: str,
    seconds: float,
    metrics: dict[str, float],
) -> None:
    """Append a finished phase to the record and print the task x phase table.

    Args:
        path: the record's file; made if there is none.
        runner: runner of the phase, whose evaluator knows in which direction figures improve.
        model: the model as it is at the phase's end.
        name: the phase's name.
        tasks: the tasks that it brought.
        checkpoint: file of the model.
        seconds: time that training took.
        metrics: figures by ``<task>/<figure>``; those of tasks without a head are left out.
    """
    if osp.isfile(path):
        record = LifelongRecord.load(path)
    else:
        record = LifelongRecord(type(model.method).__name__, runner.seed)
        if runner.cfg.get("label"):  # tells variants of one method apart in tables
            record.extra["label"] = runner.cfg.label
    directions = getattr(runner.test_loop.evaluator, "higher_is_better", {}) if metrics else {}
    record.add_phase(
        name,
        tasks,
        osp.relpath(checkpoint, osp.dirname(osp.abspath(path))),
        round(seconds, 1),
        {key: value for key, value in metrics.items() if key.split("/")[0] in model.tasks},
        directions,
        exemplars=model.method.exemplars,
    )
    record.save(path)
    text = StringIO()
    Console(file=text, width=100).print(phase_table(record))
    runner.logger.info(f"{path}\n{text.getvalue()}")
