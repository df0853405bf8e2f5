"""Stopping training, or skipping the step, when a loss or gradient is not finite."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...checkpoints.walking import placed_tensors
from ...config_values import as_list
from ..learner import averaged_models, unwrap
from ..training_state import SKIPPED
from .finite_checks import (
    NotFinite,
    check_all,
    check_edited,
    check_moved,
    check_scale,
    check_weights,
    first_names,
    next_step,
    scaled,
)
from .finite_numbers import (
    finite_gradients,
    finite_losses,
    is_loss,
    names_of,
    not_finite,
    parameters_of,
)
from .finite_sources import watch_teachers
from .open_step import OpenStep
from .step_edits import before_step, optim_wrappers, optimizers

ACTIONS = ("stop", "skip")
ELSEWHERE = "in another process"


@HOOKS.register_module()
class FiniteHook(Hook):
    """Checks the losses and gradients of each step before the optimiser uses them.

    A step with NaN or infinity in a loss, a gradient or a teacher's output does not change the
    weights. With ``action='stop'`` training ends with :class:`NotFinite`, which names the phase,
    the iteration, the losses, teachers' tasks or parameters, and the files of the batch. With
    ``'skip'`` the whole step is skipped in all processes, buffers updated by its batch are
    restored, and the step is logged and counted.

    Whatever the ``action``, training ends with :class:`NotFinite` if weights (averaged ones
    included), gradients edited by a method, or moments of an optimiser are not finite, before they
    are saved, tested or recorded; the same holds for moments in a checkpoint to resume from.

    With mixed precision, steps whose scaled gradients overflow are left to the scaler, unless all
    do; a loss that is not finite is an error there as well.

    If gradients accumulate, a batch with such a loss leaves no trace at once, in gradients neither,
    and the step for which they accumulate is skipped, also when training is resumed in between.

    Several optimisers of a model take one step together, and are skipped together: for ``'skip'``
    their weights and moments are copied before each step.

    Args:
        action: ``'stop'`` or ``'skip'``.
        max_skipped: Number of skipped steps in a row after which training ends nevertheless.

    Raises:
        ValueError: On another ``action``, or a ``max_skipped`` below 1.
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
        self.step = OpenStep(undoable=action == "skip")
        self._handles: list[RemovableHandle] = []
        self._late = False
        self._stepped = False

    def before_train(self, runner: Runner) -> None:
        """Register hooks on the model's losses and before each step of the optimiser."""
        model = unwrap(runner)
        self._handles = [model.register_forward_hook(lambda *call: self._note(call[-1]))]
        for optimizer in optimizers(runner):
            look = before_step(optimizer, lambda *call: self._before_step(runner, call[0]))
            self._handles.append(look)
        self._late = True
        if not self.skipped:
            self._stepped = runner.iter > 0  # resumed: the steps so far were taken

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Mapping[str, Any] | None = None
    ) -> None:
        """Note the files of the batch, and copy the buffers that it may change."""
        if self._late:  # now the teacher and the method's step edits exist
            self._late = False
            self._watch(runner)
        self.step.add(runner, data_batch)

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Check losses of which no step was taken, as it accumulates or was skipped."""
        waits = not all(w.should_update() for w in optim_wrappers(runner))  # it accumulates
        bad = not_finite(self._losses)
        if self._losses:  # at which no step has looked, in any process
            bad = self._anywhere(runner, bad)
        if waits:
            self._handle_part(runner, bad)
        elif bad or self.step.spoilt:
            self._handle(runner, self.step.spoilt + bad)
        elif self.step.taken:
            self._in_a_row, self._stepped = 0, True
        if not waits:
            self._losses = {}
            self.step.end()

    def before_checkpoint(self, runner: Runner) -> None:
        """Look at gradients that accumulate, before they are stored; a scaler's may overflow."""
        if self.step.begun and not any(map(scaled, optim_wrappers(runner))):
            waiting = list(unwrap(runner).parameters())
            fine = finite_gradients([p for p in waiting if p.grad is not None])
            bad = [] if fine else names_of(unwrap(runner), waiting)
            self._handle_part(runner, self._anywhere(runner, bad))

    def after_train(self, runner: Runner) -> None:
        """Check the weights, remove the hooks, and log how many steps were skipped.

        Raises:
            NotFinite: If weights are not finite, or every step of the phase was skipped, by this
                hook or the scaler of mixed precision.
        """
        check_weights(runner, unwrap(runner).state_dict())
        check_all(runner)
        check_scale(runner, self._stepped or not runner.iter)
        for handle in self._handles:
            handle.remove()
        if self.skipped and not self._stepped:
            raise NotFinite(
                f"{runner.experiment_name}: all {self.skipped} step(s) of the phase were skipped, "
                "as a loss or gradient was not finite in each: nothing was trained, and the phase "
                "is not recorded"
            )
        if self.skipped:
            print_log(
                f"{self.skipped} step(s) were skipped: a loss or gradient was not finite",
                "current",
                logging.WARNING,
            )

    def before_val_epoch(self, runner: Runner) -> None:
        """Check the weights before validation."""
        check_weights(runner, unwrap(runner).state_dict())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights before they are saved, and their averages."""
        check_weights(runner, checkpoint.get("state_dict") or {})
        for model in averaged_models(runner):  # an EMAHook adds them to the checkpoint later
            check_weights(runner, model.state_dict())
        if checkpoint.get("optimizer"):
            check_all(runner)
            check_scale(runner, taken=True)
        if self.skipped and "optimizer" in checkpoint:
            counts = dict(total=self.skipped, in_a_row=self._in_a_row, taken=self._stepped)
            checkpoint[SKIPPED] = counts

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the moments with which a resumed optimiser continues, and restore the counts.

        Raises:
            NotFinite: If one of them is not finite.
        """
        stored = checkpoint.get("optimizer") if runner._resume else None
        if not all(value.isfinite().all() for _, value in placed_tensors(stored)):
            raise NotFinite(
                f"{runner.experiment_name}: the optimiser's state in the checkpoint to resume from "
                "is not finite; delete that checkpoint to go on from the one before it"
            )
        counts = checkpoint.get(SKIPPED) if runner._resume else None
        if counts:
            self.skipped, self._in_a_row = counts["total"], counts["in_a_row"]
            self._stepped = counts["taken"]
            self._tell(runner)

    # ------------------------------------------------------------------------------------
    def _watch(self, runner: Runner) -> None:
        """Register the hooks that must come after all others'."""
        model = unwrap(runner)
        self._handles += watch_teachers(model, self._note_teacher)
        method = getattr(model, "method", None)
        for optimizer in optimizers(runner):
            if getattr(method, "edits_gradients", False):
                look = before_step(
                    optimizer, lambda *call: check_edited(runner, call[0], self.step.files)
                )
                self._handles.append(look)
            if getattr(method, "edits_weights", False):
                look = optimizer.register_step_post_hook(lambda *call: check_moved(runner, call[0]))
                self._handles.append(look)

    def _note(self, outputs: object) -> None:
        for name, value in outputs.items() if isinstance(outputs, dict) else ():
            for part in as_list(value):
                if is_loss(name, part):  # mmengine adds up the parts of a list
                    self._losses[name] = self._losses.get(name, 0.0) + part.detach().mean()

    def _note_teacher(self, name: str, value: Tensor) -> None:
        self._losses[name] = value

    def _before_step(self, runner: Runner, optimizer: torch.optim.Optimizer) -> None:
        parameters = parameters_of(optimizer)
        given = [p for p in parameters if p.grad is not None]
        fine = bool(finite_losses(self._losses) & finite_gradients(given)) and not self.step.spoilt
        losses, self._losses = self._losses, {}
        spoilt, self.step.spoilt = self.step.spoilt, []
        if agreed(fine, parameters):
            self.step.taken = True
            return
        check_all(runner)  # weights spoilt by an earlier step are not this batch's fault
        bad = spoilt + (not_finite(losses) or names_of(unwrap(runner), given))
        bad = bad or [ELSEWHERE]
        for parameter in parameters:
            parameter.grad = None  # optimisers skip such parameters
        if self.action == "skip":
            self.step.spoilt = bad  # this step counts, and others' turn comes; then all is undone
        else:
            self._handle(runner, bad)

    def _anywhere(self, runner: Runner, bad: list[str]) -> list[str]:
        """What is not finite here, or in another process, as all undo the same batches."""
        if self.action == "stop" or agreed(not bad, list(unwrap(runner).parameters())):
            return bad
        return bad or [ELSEWHERE]

    def _handle_part(self, runner: Runner, bad: Sequence[str]) -> None:
        """Handle a batch of a step for which gradients accumulate."""
        if bad and self.action == "stop":
            self._handle(runner, bad)
        if bad:
            self._losses = {}
            self.step.spoil(runner, bad)

    def _handle(self, runner: Runner, bad: Sequence[str]) -> None:
        files = ", ".join(self.step.files)
        message = (
            f"{next_step(runner)}: not finite: {first_names(bad)}; files of the batch: {files}"
        )
        self.skipped += 1
        self._in_a_row += 1
        if self.action == "stop" or self._in_a_row >= self.max_skipped:
            advice = (
                "look at these files, lower the learning rate, or set "
                "custom_hooks=[dict(type='FiniteHook', action='skip')] to leave such steps out"
                if self.action == "stop"
                else f"{self._in_a_row} steps in a row were skipped"
            )
            rest = ". " if self.step.taken else ". No weight was changed by this step; "
            raise NotFinite(f"{message}{rest}{advice}")
        self.step.undo(runner)
        self._tell(runner)
        print_log(f"{message}. The step is skipped", "current", logging.WARNING)

    def _tell(self, runner: Runner) -> None:
        """Tell methods, which leave images that are not finite out of what they measure."""
        vars(runner)["skipped_steps"] = self.skipped


def agreed(fine: bool, parameters: Sequence[nn.Parameter]) -> bool:
    """Whether a step is fine in all processes."""
    flag = torch.tensor(float(fine), device=parameters[0].device)
    all_reduce(flag, "min")
    return bool(flag)
