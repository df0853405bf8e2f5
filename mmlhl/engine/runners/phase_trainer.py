"""mmengine's runner, with training that can be killed at any moment and resumed exactly.

Its hooks are added by their registered names, without importing them.
"""

from __future__ import annotations

import copy
import logging
import os.path as osp
import time
from typing import Any

import torch
from mmengine.dist import master_only
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, EpochBasedTrainLoop
from mmseg.registry import HOOKS
from torch import nn

from ...checkpoints import CheckpointError
from ...checkpoints.saved_parts import note_parts
from ...draws import mixed_seed
from ...explaining import explained_error
from ...files import atomic_path
from ...registered import registered_class
from ..logs import LoggedRunner
from ..lost_workers import LostWorkers, naming_lost_workers
from ..resumed_parts import check_moments, check_schedules
from ..stopping import Stopped, requested

HOOKS_ADDED = ("ReproducibleHook", "RankStateHook", "MissedValidationHook", "StopRequestHook")


class PhaseTrainer(LoggedRunner):
    """mmengine's ``Runner`` for one phase, made resumable.

    - Checkpoints are written atomically.
    - The train loader's samples, each step and the state of each process are reproducible, see
      :mod:`mmlhl.datasets.seeding`, ``ReproducibleHook`` and ``RankStateHook``; mmengine's
      ``CheckpointHook`` is replaced by ``PhaseCheckpointHook``.
    - SIGTERM and SIGUSR1 end it after the present step, see ``StopRequestHook``.
    """

    _train_dataloader: Any
    _steps_before = 0  # of an epoch, in the training that is resumed

    def register_hooks(
        self, default_hooks: dict | None = None, custom_hooks: list | None = None
    ) -> None:
        """Register the config's hooks and those that make training resumable."""
        hooks = dict(default_hooks or {})
        hooks.setdefault("checkpoint", dict(type="CheckpointHook"))
        hooks = {name: _resumable(hook) for name, hook in hooks.items()}
        super().register_hooks(hooks, [_resumable(hook) for hook in custom_hooks or []])
        for name in HOOKS_ADDED:
            self.register_hook(dict(type=f"mmseg.{name}"))

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the loop with a loader that can start anywhere in its stream."""
        phase = osp.basename(osp.abspath(self.work_dir))
        if isinstance(loop, dict):
            draws = mixed_seed(self.seed, phase, "samples")
            self._train_dataloader = resumable_loader(self._train_dataloader, draws)
        return super().build_train_loop(loop)

    def train(self) -> nn.Module:
        """Train.

        Raises:
            Stopped: If the training was asked to stop.
            LostWorkers: If loading processes have ended or stand still.
        """
        try:
            with naming_lost_workers(self):
                return super().train()
        except LostWorkers as error:
            # a cluster's scheduler signals all processes of a job, loading workers included
            if not _asked():
                raise
            self.call_hook("after_lost_workers")
            raise Stopped(f"asked to stop, as were the loading workers: {error}") from error

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """As in mmengine, with the file in an error about its content.

        Raises:
            CheckpointError: If the file's optimiser, schedules or counters are of another training.
        """
        try:
            super().resume(filename, *args, **kwargs)
            check_moments(self.optim_wrapper)
            self._check_progress()
        except (KeyError, TypeError, IndexError, AttributeError, RuntimeError, AssertionError) as e:
            if isinstance(e, torch.cuda.OutOfMemoryError):
                raise
            raise CheckpointError(
                f"{filename}: its training state is damaged, or of another config, so the phase "
                f"cannot go on from it: {explained_error(e)}. Delete the file to go on from the "
                "one before it"
            ) from e
        except ValueError as e:
            if filename in str(e):
                raise
            raise CheckpointError(f"{filename}: {e}") from e

    def _check_progress(self) -> None:
        """Refuse a checkpoint that has trained longer than the phase, which would end untrained."""
        counts = [("iterations", self.iter, self.max_iters)]
        if isinstance(self._train_loop, EpochBasedTrainLoop):
            # more processes take fewer steps per epoch; ReproducibleHook counts anew later
            iterations = max(self.max_iters, self.max_epochs * self._steps_before)
            counts = [
                ("epochs", self.epoch, self.max_epochs),
                ("iterations", self.iter, iterations),
            ]
        for unit, done, planned in counts:
            if done > planned:
                raise ValueError(
                    f"it has trained {done} {unit}, and the phase has only {planned} by its "
                    "train_cfg: give it at least as many, or delete the file to go on from the one "
                    "before it"
                )

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> dict:
        """As in mmengine; a training that resumes has to find its schedules."""
        loaded = super().load_checkpoint(filename, *args, **kwargs)
        if self._resume:
            check_schedules(self.param_schedulers, loaded.get("param_schedulers"))
            processes = loaded["meta"].get("processes") or {}
            self._steps_before = processes.get("steps", 0)
        return loaded

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """As in mmengine; when all hooks have completed a checkpoint, its parts are counted."""
        super().call_hook(fn_name, **kwargs)
        if fn_name == "before_save_checkpoint":
            note_parts(kwargs["checkpoint"])

    @master_only
    def save_checkpoint(self, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """As in mmengine, but in one atomic write."""
        backend = get_file_backend(out_dir, backend_args=kwargs.get("backend_args"))
        if not isinstance(backend, LocalBackend):
            super().save_checkpoint(out_dir, filename, *args, **kwargs)
            return
        with atomic_path(osp.join(out_dir, filename)) as temporary:
            super().save_checkpoint(out_dir, temporary.name, *args, **kwargs)


def resumable_loader(loader: Any, draws: int) -> Any:
    """The config of a loader whose samples depend only on their position in the stream.

    Args:
        loader: Config of the train loader.
        draws: Seed of all its random numbers.
    """
    if not isinstance(loader, dict) or not isinstance(loader.get("sampler"), dict):
        print_log(
            "train_dataloader has a loader or sampler that is built already: its draws will differ "
            "when training is resumed",
            "current",
            logging.WARNING,
        )
        return loader
    out = copy.copy(loader)
    out["dataset"] = dict(type="mmseg.SeededDataset", dataset=loader["dataset"])
    out["sampler"] = dict(type="mmseg.ResumableSampler", sampler=loader["sampler"], draws=draws)
    if isinstance(loader.get("batch_sampler"), dict):
        batches = dict(type="mmseg.ResumableBatchSampler", batch_sampler=loader["batch_sampler"])
        out["batch_sampler"] = batches
    return out


def _asked() -> bool:
    """Whether somebody asked the training to stop; the workers' end may be noticed before."""
    limit = time.monotonic() + 1.0
    while requested() is None and time.monotonic() < limit:
        time.sleep(0.01)
    return requested() is not None


def _resumable(hook: Hook | dict) -> Hook | dict:
    """The config of a hook that saves checkpoints, for ours; a user's own keeps its methods."""
    cls = registered_class(HOOKS, hook) if isinstance(hook, dict) else None
    ours: Any = registered_class(HOOKS, "PhaseCheckpointHook")
    if cls is None or not issubclass(cls, CheckpointHook) or issubclass(cls, ours):
        return hook
    kind = ours if cls is CheckpointHook else type(cls.__name__, (ours, cls), {})
    return {**hook, "type": kind}
