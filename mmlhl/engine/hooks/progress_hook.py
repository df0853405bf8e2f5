"""Reporting the progress of a phase to the sequence's log."""

from __future__ import annotations

import time
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..logs import PhaseLog


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows the progress of a sequence, and passes events to its log.

    :class:`~mmlhl.engine.runners.LifelongRunner` adds it to each phase.
    """

    # after the hooks that log, and after the phase is recorded
    priority = "VERY_LOW"

    def __init__(self, log: PhaseLog) -> None:
        self.log = log
        self._held = 0
        self._began = 0.0

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note the number of steps that a resumed phase has already taken."""
        if runner._resume:
            self._held = int(checkpoint["meta"].get("iter", 0))

    def before_train(self, runner: Runner) -> None:
        """Log a summary of the phase."""
        self.log.begin_training(runner, max(self._held, runner.iter))

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Show the step."""
        self.log.show(runner)

    def after_train(self, runner: Runner) -> None:
        """Note the steps taken, which early stopping may have reduced."""
        self.log.trained(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Flush the log before the checkpoint is written, so that a resume finds all lines."""
        self.log.flush()

    def after_val_iter(self, runner: Runner, batch_idx: int, *_: Any, **__: Any) -> None:
        """Show a batch of a validation."""
        self.log.show_evaluation(runner, batch_idx + 1, len(runner.val_dataloader), True)

    def before_test(self, runner: Runner) -> None:
        """Start the clock."""
        self._began = time.monotonic()

    def after_test_iter(self, runner: Runner, batch_idx: int, *_: Any, **__: Any) -> None:
        """Show a batch of the evaluation at the phase's end."""
        self.log.show_evaluation(runner, batch_idx + 1, len(runner.test_dataloader), False)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Pass the metrics to the log."""
        self.log.measured(metrics or {})

    def after_test(self, runner: Runner) -> None:
        """Note the duration of the evaluation."""
        self.log.note_evaluation(time.monotonic() - self._began)
