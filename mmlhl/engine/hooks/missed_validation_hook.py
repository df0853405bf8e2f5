"""Repeating the validation that an interruption may have prevented."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import EarlyStoppingHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS

KEY = "early_stopping"
#: state of mmengine's EarlyStoppingHook that it does not store in checkpoints
COUNTS = ("best_score", "wait_count")


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validates first if training resumes from a checkpoint after which a validation was due.

    Such a checkpoint is written before the validation, so it is unknown whether that took place.
    Repeating it gives the same metrics: the best checkpoint is chosen as without the interruption,
    and mmengine's ``EarlyStoppingHook``, whose counts are stored in checkpoints here, stops at the
    same point.
    """

    # after all other hooks' before_train
    priority = "LOWEST"

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the counts of early stopping."""
        counts = [{n: _plain(getattr(hook, n)) for n in COUNTS} for hook in _early(runner)]
        if counts:
            checkpoint[KEY] = counts

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the counts of early stopping."""
        if runner._resume:
            for hook, counts in zip(_early(runner), checkpoint.get(KEY, []), strict=False):
                for name, value in counts.items():
                    setattr(hook, name, value)

    def before_train(self, runner: Runner) -> None:
        """Validate if a validation was due."""
        if runner._resume and runner._val_loop is not None and is_due(runner):
            runner.val_loop.run()


def _plain(value: Any) -> Any:
    """A number as Python's, which is plain data in a checkpoint."""
    return value.item() if hasattr(value, "item") else value


def _early(runner: Runner) -> list[EarlyStoppingHook]:
    return [hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]


def is_due(runner: Runner) -> bool:
    """Whether a validation is due after the last step of the loop."""
    loop: Any = runner.train_loop
    loop._decide_current_val_interval()  # dynamic_intervals may have changed the interval
    if isinstance(loop, EpochBasedTrainLoop):
        if loop.iter != loop.epoch * len(loop.dataloader):  # in the middle of an epoch
            return False
        now, end = loop.epoch, loop.max_epochs
    else:
        now, end = loop.iter, loop.max_iters
    return now > 0 and now >= loop.val_begin and (now % loop.val_interval == 0 or now == end)
