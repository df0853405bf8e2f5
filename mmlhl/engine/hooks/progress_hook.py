"""Reports to the sequence's log what happens in a phase."""

from __future__ import annotations

import time
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..logs import PhaseLog


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows how far a sequence has come, and notes what its log needs.

    :class:`~mmlhl.engine.runners.LifelongRunner` adds it to each phase.

    Args:
        log: Log of the phase.
    """

    # after the hooks that measure and log, and after the phase is recorded
    priority = "VERY_LOW"

    def __init__(self, log: PhaseLog) -> None:
        self.log = log
        self._held = 0
        self._began = 0.0

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note how many steps hold in a phase that goes on."""
        if runner._resume:
            self._held = int(checkpoint["meta"].get("iter", 0))

    def before_train(self, runner: Runner) -> None:
        """Say what the phase does."""
        self.log.begin_training(runner, max(self._held, runner.iter))

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Show the step."""
        self.log.show(runner)

    def after_train(self, runner: Runner) -> None:
        """Count the phase's steps, since early stopping may have cut them."""
        self.log.trained(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """What was logged so far is written before what a resume goes on from."""
        self.log.flush()

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Show a batch of a validation."""
        self.log.show_evaluation(runner, batch_idx + 1, len(runner.val_dataloader), True)

    def before_test(self, runner: Runner) -> None:
        """The clock starts."""
        self._began = time.monotonic()

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Show a batch of the evaluation at the phase's end."""
        self.log.show_evaluation(runner, batch_idx + 1, len(runner.test_dataloader), False)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Note what was measured."""
        self.log.measured(metrics or {})

    def after_test(self, runner: Runner) -> None:
        """Note how long it took."""
        self.log.took(time.monotonic() - self._began)
