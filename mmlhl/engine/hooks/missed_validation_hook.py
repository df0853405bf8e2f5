"""The validation that an interruption may have cut off, and what it decides."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import EarlyStoppingHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS

KEY = "early_stopping"
#: what mmengine's hook counts and keeps in no checkpoint
COUNTS = ("best_score", "wait_count")


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validates first if training goes on from a checkpoint after which a validation was due.

    Such a checkpoint is written before the validation, so whether it took place is not known.
    Repeated, it finds the same metrics: the best checkpoint is kept as it would have been, and
    mmengine's ``EarlyStoppingHook``, whose counts are kept in checkpoints here, stops where it
    would have stopped.
    """

    # when all others are ready
    priority = "LOWEST"

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what early stopping has counted."""
        counts = [{n: _plain(getattr(hook, n)) for n in COUNTS} for hook in _early(runner)]
        if counts:
            checkpoint[KEY] = counts

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give it back."""
        if runner._resume:
            for hook, counts in zip(_early(runner), checkpoint.get(KEY, []), strict=False):
                for name, value in counts.items():
                    setattr(hook, name, value)

    def before_train(self, runner: Runner) -> None:
        """Validate if that is what comes next."""
        if runner._resume and runner._val_loop is not None and is_due(runner):
            runner.val_loop.run()


def _plain(value: Any) -> Any:
    """Numbers of Python, which checkpoints hold without question."""
    return value.item() if hasattr(value, "item") else value


def _early(runner: Runner) -> list[EarlyStoppingHook]:
    return [hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]


def is_due(runner: Runner) -> bool:
    """Whether the loop validates after the step that it took last."""
    loop: Any = runner.train_loop
    loop._decide_current_val_interval()  # dynamic_intervals may have changed it by now
    if isinstance(loop, EpochBasedTrainLoop):
        if loop.iter != loop.epoch * len(loop.dataloader):  # in the middle of an epoch
            return False
        now, end = loop.epoch, loop.max_epochs
    else:
        now, end = loop.iter, loop.max_iters
    return now > 0 and now >= loop.val_begin and (now % loop.val_interval == 0 or now == end)
