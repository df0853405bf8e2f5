"""Stopping a training after the present step when a signal requests it."""

from __future__ import annotations

import logging
import os.path as osp
import signal
from typing import Any

import torch
from mmengine.dist import all_reduce, barrier, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ..checkpoint_files import STOPPED, note_checkpoint
from ..stopping import Stopped, listening, requested


@HOOKS.register_module()
class StopRequestHook(Hook):
    """Saves a checkpoint and stops all processes after a step in which any was asked to stop.

    Evaluations are not interrupted: a request takes effect at the next step, or the phase's end.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._between = False

    def before_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Note that a step is running, whose state cannot be saved."""
        self._between = False

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
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
        """Save the state after loading workers were killed, as by a signal to the whole job.

        Not with several processes, since it is unknown whether all of them get here.
        """
        if self._between and get_world_size() == 1:
            _save(runner, runner.iter, requested() or signal.SIGTERM)


def _save(runner: Runner, done: int, number: int) -> str:
    """Write a checkpoint after ``done`` steps; returns the message about it."""
    name = f"{STOPPED}iter_{done}.pth"
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
    """The signal that asked any of the processes to stop, the same in all; 0 if none did."""
    number = int(requested() or 0)
    if get_world_size() == 1 or not listening():
        return number
    heard = torch.tensor(number)
    all_reduce(heard, op="max")
    return int(heard)
