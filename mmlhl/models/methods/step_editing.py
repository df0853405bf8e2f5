"""What methods that edit the optimiser's step have in common."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from .base_method import BaseMethod
from .protocols import Learner, PhaseRunner

Edit = Callable[[Tensor], Tensor]

EDITS = ("update", "gradient")


class StepEditingMethod(BaseMethod):
    """A method that takes away from each step what would hurt old tasks, by a linear map.

    The papers of this kind train by plain SGD, where editing the gradient edits the step. Adam
    does not follow a gradient's scale: it divides each coordinate by that coordinate's own recent
    size, so that a constant mask on gradients cancels out altogether, and a projected gradient
    leaves the subspace that it was projected to. What the papers mean is the step. So it is the
    step that is edited by default: for SGD, with or without momentum, that is the papers'
    equation to the letter, for Adam it keeps what the equation promises.

    Weight decay is a part of the step and no part of the gradient: with ``edits='gradient'`` it
    moves weights that should rest. A phase that has both says so.

    Args:
        edits: ``'update'``, the step that the optimiser took; or ``'gradient'``, what it sees.

    Raises:
        ValueError: On other ``edits``.
    """

    needs_same_encoder = True

    def __init__(self, edits: str = "update") -> None:
        if edits not in EDITS:
            raise ValueError(f"{type(self).__name__}: edits must be one of {EDITS}, got {edits!r}")
        self.edits = edits
        self._before: list[Tensor] = []

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Warn of a weight decay that no edit of gradients can hold."""
        super().begin_phase(model, runner)
        groups = getattr(getattr(runner, "optim_wrapper", None), "param_groups", [])
        decay = max((float(group.get("weight_decay", 0)) for group in groups), default=0.0)
        if self.edits == "gradient" and decay and model.old_tasks:
            print_log(
                f"{type(self).__name__}: edits='gradient' with weight_decay={decay:g} in "
                "optim_wrapper.optimizer: the decay moves weights that should rest; set it to 0, "
                "or take edits='update'",
                "current",
                logging.WARNING,
            )

    @abstractmethod
    def step_edits(self, model: Learner) -> list[tuple[nn.Parameter, Edit]]:
        """Parameters whose steps are edited, each with its linear map; always in one order."""

    @torch.no_grad()
    def edit_gradients(self, model: Learner) -> None:
        """Edit the gradients, or remember the weights that the step starts from."""
        edits = self.step_edits(model)
        if self.edits == "update":
            self._before = [parameter.detach().clone() for parameter, _ in edits]
            return
        for parameter, edit in edits:
            if parameter.grad is not None:
                parameter.grad.copy_(edit(parameter.grad))

    @torch.no_grad()
    def edit_weights(self, model: Learner) -> None:
        """Replace the step that was taken by the edited one."""
        if self.edits == "update":
            for (parameter, edit), before in zip(self.step_edits(model), self._before, strict=True):
                parameter.copy_(before + edit(parameter - before))
            self._before = []
