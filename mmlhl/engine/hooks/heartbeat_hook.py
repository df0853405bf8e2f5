"""A hook that publishes heartbeats in distributed training."""

from __future__ import annotations

import logging
import os.path as osp
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import distributed as torch_dist
from torch.distributed import constants, distributed_c10d

from ..heartbeats import Heartbeats
from ..learner import unwrap


def default_timeout(backend: str) -> float:
    """Seconds that torch waits in a collective operation if the config sets no timeout.

    Args:
        backend: Backend of the process group; NCCL has a shorter one since torch 2.2.
    """
    shorter = getattr(constants, "default_pg_nccl_timeout", None) if backend == "nccl" else None
    return (shorter or constants.default_pg_timeout).total_seconds()


@HOOKS.register_module()
class HeartbeatHook(Hook):
    """Names the process that hangs while the others wait for it.

    :class:`~mmlhl.engine.runners.LifelongRunner` adds it to every phase. The timeout is that of
    the process group, ``env_cfg.dist_cfg.timeout`` in seconds. Does nothing in a single process.
    """

    priority = "VERY_LOW"
    _runs = 0  # number of runs in this process, the same in all processes

    def __init__(self) -> None:
        self._beats: Heartbeats | None = None
        self._handle: Any = None

    def before_run(self, runner: Runner) -> None:
        """Start the heartbeats."""
        rank, ranks = get_dist_info()
        if ranks < 2:
            return
        HeartbeatHook._runs += 1
        dist_cfg = (runner.cfg.get("env_cfg") or {}).get("dist_cfg") or {}
        timeout = float(dist_cfg.get("timeout") or default_timeout(torch_dist.get_backend()))
        store = distributed_c10d._get_default_store()
        logger = runner.logger

        def report(text: str) -> None:
            print_log(f"nothing has moved for {0.8 * timeout:g} s: {text}", logger, logging.ERROR)

        self._beats = Heartbeats(store, rank, ranks, timeout, report)
        self._say(runner, 0, "prepares the phase")
        self._beats.start()

    def before_train(self, runner: Runner) -> None:
        """Note when a step's losses are computed."""
        if self._beats is not None:
            self._handle = unwrap(runner).register_forward_hook(
                lambda *_: self._say(runner, 2, "has its losses, waits for everyone's gradients")
            )

    def before_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Note that the batch is loaded."""
        self._say(runner, 1, "computes its losses")

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Note that a step is done."""
        self._say(runner, 3, "has done this step, reads the next batch")

    def after_train(self, runner: Runner) -> None:
        """Note that training is over."""
        if self._handle is not None:
            self._handle.remove()
        self._say(runner, 4, "has trained")

    def after_val_iter(self, runner: Runner, batch_idx: int, *_: Any, **__: Any) -> None:
        """Note that a batch is validated."""
        self._say(runner, 0, f"validates, batch {batch_idx + 1}", batch_idx)

    def after_test_iter(self, runner: Runner, batch_idx: int, *_: Any, **__: Any) -> None:
        """Note that a batch is tested."""
        self._say(runner, 0, f"tests, batch {batch_idx + 1}", batch_idx)

    def after_run(self, runner: Runner) -> None:
        """Stop the heartbeats."""
        if self._beats is not None:
            self._beats.stop()
            self._beats = None

    # stages increase within a step; validation and tests come between two steps
    def _say(self, runner: Runner, stage: int, text: str, batch: int = 0) -> None:
        if self._beats is not None:
            step = runner._train_loop.iter if hasattr(runner._train_loop, "iter") else 0
            place = f"{osp.basename(osp.normpath(runner.work_dir))}, iteration {step + 1}: {text}"
            self._beats.beat((self._runs, step, stage, batch), place)
