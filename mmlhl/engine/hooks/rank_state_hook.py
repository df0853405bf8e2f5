"""What differs between processes, in the one checkpoint that they share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from ..learner import PhaseModel, unwrap
from .step_edits import optim_wrappers

KEY = "rank_states"


@HOOKS.register_module()
class RankStateHook(Hook):
    """Gives every process its own statistics and gradients back when training is resumed.

    Checkpoints are of rank 0, but each process has running BN statistics of its own images, in
    averaged copies of the model, too, and with gradient accumulation its own sum of gradients. All
    are gathered before a checkpoint is written: whoever writes one calls the hook point
    ``before_checkpoint`` in all processes. With another number of processes the statistics' mean
    is used by all, and a sum of gradients that is not complete is left out.
    """

    # after EMAHook has swapped the averaged weights back
    priority = "VERY_LOW"

    def __init__(self) -> None:
        self._gathered: list[dict] = []
        self._gradients: dict[str, Tensor] = {}
        self._copies: list[dict[str, Tensor]] = []

    def before_checkpoint(self, runner: Runner) -> None:
        """Gather what every process has of its own; called in all of them."""
        state: dict[str, Any] = {}
        if get_world_size() > 1:
            state["buffers"] = _buffers(unwrap(runner))
            state["copies"] = [_buffers(hook.ema_model) for hook in _averages(runner)]
        if _accumulates(runner):
            named = unwrap(runner).named_parameters()
            state["gradients"] = {n: p.grad.cpu() for n, p in named if p.grad is not None}
        self._gathered = all_gather_object(state) if get_world_size() > 1 else [state]

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what was gathered, if this is a checkpoint to go on from."""
        gathered, self._gathered = self._gathered, []
        if any(gathered):
            checkpoint[KEY] = gathered

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take this process's own; the weights are filled in from the checkpoint after this."""
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
        self._gradients = own.get("gradients", {})

    def before_train(self, runner: Runner) -> None:
        """The weights are in place: the averaged copies' statistics and the gradients follow."""
        for hook, stored in zip(_averages(runner), self._copies, strict=False):
            named = dict(hook.ema_model.named_buffers())
            for name, value in stored.items():
                named[name].copy_(value)
        for name, parameter in unwrap(runner).named_parameters():
            if name in self._gradients:
                parameter.grad = self._gradients[name].to(parameter)
        self._copies, self._gradients = [], {}


def _averages(runner: Runner) -> list[EMAHook]:
    return [hook for hook in runner.hooks if isinstance(hook, EMAHook)]


def _buffers(model: PhaseModel) -> dict[str, Tensor]:
    """Copies of the buffers that checkpoints hold, on the CPU."""
    kept = model.state_dict().keys()
    return {name: b.detach().cpu().clone() for name, b in model.named_buffers() if name in kept}


def _accumulates(runner: Runner) -> bool:
    """Whether gradients of steps that are done wait for those to come."""
    return any(w._inner_count % w._accumulative_counts for w in optim_wrappers(runner))


def _mean(states: list[dict]) -> dict:
    """The mean of what several processes had; counts are the first one's."""

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
