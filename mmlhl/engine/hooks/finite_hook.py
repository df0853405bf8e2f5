"""A loss or a gradient that is no number ends training, or the step, before it reaches a weight."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...checkpoints import poisoned
from ..learner import PhaseModel, unwrap
from .step_edits import optim_wrappers, optimizers

ACTIONS = ("stop", "skip")
SHOWN = 5


class NotFinite(FloatingPointError):
    """A loss or a gradient is NaN or infinite."""


@HOOKS.register_module()
class FiniteHook(Hook):
    """Looks at the losses and gradients of each step before the optimiser does.

    A step with NaN or infinity in a loss or a gradient leaves the weights as they are. With
    ``action='stop'`` training ends there with :class:`NotFinite`, which names the phase, the
    iteration, the losses or parameters, and the files of the batch. With ``'skip'`` the step is
    left out as a whole, with the statistics that its batch left in buffers, the same on all
    processes, logged and counted.

    Weights that a step has made infinite, averaged ones included, end training with
    :class:`NotFinite` whatever the ``action``, before they are saved, tested or recorded.

    A step that mixed precision leaves out because its scaled gradients overflow is the scaler's
    own business and no error; a loss that is not finite is one there, too.

    Args:
        action: ``'stop'`` or ``'skip'``.
        max_skipped: so many skipped steps in a row end training nevertheless.

    Raises:
        ValueError: on another ``action``, or a ``max_skipped`` below 1.
    """

    priority = "HIGH"  # before a method edits gradients

    def __init__(self, action: str = "stop", max_skipped: int = 50) -> None:
        if action not in ACTIONS:
            raise ValueError(f"FiniteHook: action must be one of {ACTIONS}, got {action!r}")
        if not isinstance(max_skipped, int) or max_skipped < 1:
            raise ValueError(f"FiniteHook: max_skipped must be at least 1, got {max_skipped!r}")
        self.action = action
        self.max_skipped = max_skipped
        self.skipped = 0
        self._in_a_row = 0
        self._losses: dict[str, Tensor] = {}
        self._files: list[str] = []
        self._buffers: list[tuple[Tensor, Tensor]] = []
        self._handles: list[RemovableHandle] = []

    def before_train(self, runner: Runner) -> None:
        """Look on at the model's losses and in front of the optimiser's steps."""
        model = unwrap(runner)
        self._handles = [model.register_forward_hook(lambda *call: self._note(call[-1]))]
        for optimizer in optimizers(runner):
            look = optimizer.register_step_pre_hook(
                lambda *call: self._before_step(runner, call[0])
            )
            self._handles.append(look)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Mapping[str, Any] | None = None
    ) -> None:
        """Note which files the step is taken on, and what a batch may spoil."""
        if self.action == "skip" and not self._files:  # no gradient is waiting for others
            self._keep_buffers(unwrap(runner))
        self._files += files_of(data_batch)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Look at losses that no step has followed: of an accumulating or a left-out one."""
        waits = not all(w.should_update() for w in optim_wrappers(runner))  # for more gradients
        bad = not_finite(self._losses)
        if bad and (self.action == "stop" or not waits):
            self._handle(runner, bad)
        if not waits:
            self._losses, self._files = {}, []

    def after_train(self, runner: Runner) -> None:
        """Look at the weights, take the hooks off, and say how many steps were skipped."""
        self._check_weights(runner, unwrap(runner).state_dict())
        for handle in self._handles:
            handle.remove()
        if self.skipped:
            print_log(
                f"{self.skipped} step(s) were skipped: a loss or gradient was not finite",
                "current",
                logging.WARNING,
            )

    def before_val_epoch(self, runner: Runner) -> None:
        """Look at the weights that are to be tested."""
        self._check_weights(runner, unwrap(runner).state_dict())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the weights that are to be saved, and at averages of them."""
        for key in ("state_dict", "ema_state_dict"):
            self._check_weights(runner, checkpoint.get(key) or {})

    # ------------------------------------------------------------------------------------
    def _check_weights(self, runner: Runner, state: Mapping[str, Any]) -> None:
        bad = poisoned(state)
        if bad:
            names = ", ".join(list(bad)[:SHOWN])
            more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
            raise NotFinite(
                f"{runner.experiment_name}, iteration {runner.iter}: weights are not finite after "
                f"the step: {names}{more}. They are neither saved nor tested; lower the learning "
                "rate, or clip gradients with optim_wrapper.clip_grad=dict(max_norm=1.0)"
            )

    def _keep_buffers(self, model: Any) -> None:
        """Copy the buffers, such as the means of batch normalisation, into memory of the hook."""
        buffers = [each for each in model.buffers() if each.numel()]
        if [id(live) for live, _ in self._buffers] != [id(each) for each in buffers]:
            self._buffers = [(each, each.clone()) for each in buffers]
        for live, copy in self._buffers:
            copy.copy_(live)

    def _restore_buffers(self) -> None:
        with torch.no_grad():
            for live, copy in self._buffers:
                live.copy_(copy)

    def _note(self, outputs: object) -> None:
        if isinstance(outputs, dict):
            self._losses.update({k: v.detach() for k, v in outputs.items() if is_loss(k, v)})

    def _before_step(self, runner: Runner, optimizer: torch.optim.Optimizer) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        given = [p for p in parameters if p.grad is not None]
        fine = bool(finite_losses(self._losses) & finite_gradients(given))
        losses, self._losses = self._losses, {}
        if agreed(fine, parameters):
            self._in_a_row = 0
            return
        bad = not_finite(losses) or names_of(unwrap(runner), given)
        for parameter in parameters:
            parameter.grad = None  # optimisers leave such a parameter alone
        self._handle(runner, bad or ["in another process"])

    def _handle(self, runner: Runner, bad: Sequence[str]) -> None:
        names = ", ".join(bad[:SHOWN]) + (f" and {len(bad) - SHOWN} more" if bad[SHOWN:] else "")
        where = f"{runner.experiment_name}, iteration {runner.iter + 1}"
        message = f"{where}: not finite: {names}; files of the batch: {', '.join(self._files)}"
        self.skipped += 1
        self._in_a_row += 1
        if self.action == "stop" or self._in_a_row >= self.max_skipped:
            advice = (
                "look at these files, lower the learning rate, or set "
                "custom_hooks=[dict(type='FiniteHook', action='skip')] to leave such steps out"
                if self.action == "stop"
                else f"{self._in_a_row} steps in a row were skipped"
            )
            raise NotFinite(f"{message}. No weight was changed by this step; {advice}")
        self._restore_buffers()
        print_log(f"{message}. The step is skipped", "current", logging.WARNING)


def is_loss(name: str, value: object) -> bool:
    """Whether an entry of a model's losses is a tensor that is added up or shown as such."""
    return isinstance(value, Tensor) and value.is_floating_point() and "loss" in name


def finite_losses(losses: Mapping[str, Tensor]) -> Tensor:
    """Whether all losses are finite, as a tensor: nothing waits for the device yet."""
    flags = [value.isfinite().all() for value in losses.values()]
    return torch.stack(flags).all() if flags else torch.tensor(True)


def finite_gradients(parameters: Sequence[nn.Parameter]) -> Tensor:
    """Whether all gradients are finite, as a tensor, by their sums of squares."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.tensor(True)
    sums = [torch.linalg.vector_norm(g.float() if g.is_floating_point() else g) for g in gradients]
    return torch.stack([each.to(sums[0].device) for each in sums]).isfinite().all()


def not_finite(losses: Mapping[str, Tensor]) -> list[str]:
    """Names and values of losses that are not finite."""
    return [f"{k} = {float(v.mean())}" for k, v in losses.items() if not v.isfinite().all()]


def names_of(model: PhaseModel, parameters: Iterable[nn.Parameter]) -> list[str]:
    """Names of those parameters whose gradient, or the norm of it, is not finite."""
    bad = {id(p): p.grad for p in parameters if not finite_gradients([p])}
    return [
        f"the {'norm of the ' if bad[id(p)].isfinite().all() else ''}gradient of {name}"
        for name, p in model.named_parameters()
        if id(p) in bad
    ]


def files_of(data_batch: Mapping[str, Any] | None) -> list[str]:
    """Image files of a batch, as far as its samples name them."""
    samples = (data_batch or {}).get("data_samples") or []
    return [str(sample.metainfo.get("img_path", "an unnamed image")) for sample in samples]


def agreed(fine: bool, parameters: Sequence[nn.Parameter]) -> bool:
    """Whether a step is fine in all processes."""
    flag = torch.tensor(float(fine), device=parameters[0].device)
    all_reduce(flag, "min")
    return bool(flag)
