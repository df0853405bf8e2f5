"""A phase's result: the model's file, the metrics of all tasks so far, the record."""

from __future__ import annotations

import os.path as osp
import time
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..finishing import finish_phase
from ..learner import unwrap
from ..phases.grammar import name_of

SECONDS_KEY = "phase_seconds"


@HOOKS.register_module()
class PhaseResultHook(Hook):
    """Saves, evaluates and records a phase when its training ends.

    The model is saved as ``<work_dir>/<name>.pth``, without optimiser; all tasks seen so far are
    evaluated on the test set; the phase is added to the record, with the duration of training
    without interruptions.

    Args:
        name: Name of the phase; the new tasks' names if None.
        record: File of the record; ``<work_dir>/lifelong.json`` if None.
    """

    # after LifelongPhaseHook, as the method's end_phase may change the model
    priority = 75

    def __init__(self, name: str | None = None, record: str | None = None) -> None:
        self.name = name
        self.record = record
        self._started = 0.0
        self._seconds_before = 0.0

    @property
    def seconds(self) -> float:
        """Duration of the phase so far, without interruptions."""
        return self._seconds_before + time.monotonic() - self._started

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the duration before an interruption."""
        if runner._resume:
            self._seconds_before = checkpoint["meta"].get(SECONDS_KEY, 0.0)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the duration so far."""
        checkpoint["meta"][SECONDS_KEY] = self.seconds

    def after_train(self, runner: Runner) -> None:
        """Save, evaluate and record the phase, and print the record.

        Raises:
            ValueError: If no step was taken, as with a batch sampler of one's own without batches.
        """
        tasks = unwrap(runner).new_tasks
        name = self.name or name_of(tasks)
        if not runner.iter:
            raise ValueError(
                f"phase {name!r} took no step, so nothing of it is recorded: its train_dataloader "
                "gave no batch"
            )
        record = self.record or osp.join(runner.work_dir, "lifelong.json")

        def save(path: Path) -> None:
            runner.save_checkpoint(
                str(path.parent), path.name, save_optimizer=False, save_param_scheduler=False
            )

        finish_phase(runner, name, tasks, record, self.seconds, save)
