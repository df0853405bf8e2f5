"""The step after which a training that was asked to stop does so."""

from __future__ import annotations

import logging
import os.path as osp
import signal

import torch
from mmengine.dist import all_reduce, barrier, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..checkpoint_files import note_checkpoint
from ..stopping import Stopped, listening, requested


@HOOKS.register_module()
class StopRequestHook(Hook):
    """After a step at which any process was asked to stop, all save one checkpoint and stop.

    Evaluations are not interrupted: a request waits for the next step, or for the phase's end.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._between = False

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        """A step begins: until it ends, there is no state to keep."""
        self._between = False

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: object = None,
        outputs: dict | None = None,
    ) -> None:
        """Stop if any process was asked to.

        Raises:
            Stopped: In all processes, after the checkpoint is written.
        """
        number = agreed()
        if number:
            message = _save(runner, runner.iter + 1, number)
            raise Stopped(message)
        self._between = True

    def after_lost_workers(self, runner: Runner) -> None:
        """The loading workers are gone, as a request to a whole job ends them; keep the state.

        With several processes the last checkpoint has to do: not all of them may have come here.
        """
        if self._between and get_world_size() == 1:
            _save(runner, runner.iter, requested() or signal.SIGTERM)


def _save(runner: Runner, done: int, number: int) -> str:
    """Write a checkpoint after so many steps; returns what there is to say."""
    name = f"stopped_iter_{done}.pth"
    path = osp.join(runner.work_dir, name)
    meta = dict(epoch=runner.epoch, iter=done)
    runner.call_hook("before_checkpoint")
    runner.save_checkpoint(runner.work_dir, name, meta=meta, by_epoch=False)
    if is_main_process():
        note_checkpoint(runner.work_dir, path)
    barrier()
    message = (
        f"{signal.Signals(number).name}: {path} is saved; the same command with --resume goes on "
        "from there"
    )
    print_log(message, "current", logging.WARNING)
    return message


def agreed() -> int:
    """The signal by which any process was asked to stop, the same in all; 0 if none was."""
    number = int(requested() or 0)
    if get_world_size() == 1 or not listening():
        return number
    heard = torch.tensor(number)
    all_reduce(heard, op="max")
    return int(heard)
