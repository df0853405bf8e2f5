"""State that differs between processes, stored in their common checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn

from ..learner import PhaseModel, averaged_models, unwrap
from .finite_checks import scaled
from .finite_hook import FiniteHook
from .finite_numbers import parameters_of
from .step_edits import optim_wrappers

KEY = "rank_states"


@HOOKS.register_module()
class RankStateHook(Hook):
    """Restores every process's own statistics and gradients when training is resumed.

    Rank 0 writes the checkpoints, but each process has running BN statistics of its own images,
    also in averaged copies of the model, and with gradient accumulation its own sum of gradients
    and what :class:`FiniteHook` knows of the step. They are gathered before a checkpoint is
    written, at the hook point ``before_checkpoint``, which has to be called in all processes. If
    the number of processes has changed, all use the mean of the statistics, and accumulated
    gradients are dropped.
    """

    # after EMAHook has swapped the averaged weights back
    priority = "VERY_LOW"

    def __init__(self) -> None:
        self._gathered: list[dict] = []
        self._gradients: dict[str, Tensor] = {}
        self._scales: list[float] = []
        self._copies: list[dict[str, Tensor]] = []
        self._step: dict[str, Any] = {}

    def before_checkpoint(self, runner: Runner) -> None:
        """Gather every process's own state; has to be called in all processes."""
        state: dict[str, Any] = {}
        if get_world_size() > 1:
            state["buffers"] = _buffers(unwrap(runner))
            state["copies"] = [_buffers(model) for model in averaged_models(runner)]
        if _accumulates(runner):
            named = unwrap(runner).named_parameters()
            state["gradients"] = {n: p.grad.cpu() for n, p in named if p.grad is not None}
            state["scales"] = _scales(runner)
            for hook in _finite(runner):
                state["step"] = hook.step.state()
        self._gathered = all_gather_object(state) if get_world_size() > 1 else [state]

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the gathered state, if there is any."""
        gathered, self._gathered = self._gathered, []
        if any(gathered):
            checkpoint[KEY] = gathered

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put this process's buffers into the checkpoint, before the model loads it."""
        states = checkpoint.get(KEY)
        if not states or not runner._resume:
            return
        if len(states) == get_world_size():
            own = states[get_rank()]
        else:
            print_log(
                f"{len(states)} process(es) saved the checkpoint: all start from the mean of their "
                "statistics",
                "current",
                logging.WARNING,
            )
            own = _mean(states)
        checkpoint["state_dict"].update(own.get("buffers", {}))
        self._copies = own.get("copies", [])
        self._gradients, self._scales = own.get("gradients", {}), own.get("scales", [])
        self._step = own.get("step", {})

    def before_train(self, runner: Runner) -> None:
        """Restore the averaged copies' statistics and the gradients, after the weights."""
        for model, stored in zip(averaged_models(runner), self._copies, strict=False):
            named = dict(model.named_buffers())
            for name, value in stored.items():
                named[name].copy_(value)
        for name, parameter in unwrap(runner).named_parameters():
            if name in self._gradients:
                parameter.grad = self._gradients[name].to(parameter)
        scales = zip(optim_wrappers(runner), self._scales, _scales(runner), strict=False)
        for wrapper, before, now in scales:
            for parameter in parameters_of(wrapper.optimizer) if before != now else ():
                if parameter.grad is not None:  # of another device, or without mixed precision
                    parameter.grad *= now / before
        for hook in _finite(runner):
            hook.step.resume(runner, self._step)
        self._copies, self._gradients, self._scales, self._step = [], {}, [], {}


def _buffers(model: PhaseModel | nn.Module) -> dict[str, Tensor]:
    """Copies of the persistent buffers, on the CPU."""
    kept = model.state_dict().keys()
    return {name: b.detach().cpu().clone() for name, b in model.named_buffers() if name in kept}


def _finite(runner: Runner) -> list[FiniteHook]:
    return [hook for hook in runner.hooks if isinstance(hook, FiniteHook)]


def _scales(runner: Runner) -> list[float]:
    """Factors of the losses, and so of gradients that accumulate, by optimiser."""
    return [w.loss_scaler.get_scale() if scaled(w) else 1.0 for w in optim_wrappers(runner)]


def _accumulates(runner: Runner) -> bool:
    """Whether gradients are accumulated for a step that is not complete."""
    return any(w._inner_count % w._accumulative_counts for w in optim_wrappers(runner))


def _mean(states: list[dict]) -> dict:
    """The mean of several processes' states; integer buffers are those of the first."""

    def mean(parts: list[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        return {
            name: torch.stack([part[name] for part in parts]).mean(0)
            if first.is_floating_point()
            else first
            for name, first in parts[0].items()
        }

    parts = [state["buffers"] for state in states if "buffers" in state]
    copies = zip(*(state.get("copies", []) for state in states), strict=True)
    return dict(buffers=mean(parts) if parts else {}, copies=[mean(list(each)) for each in copies])
