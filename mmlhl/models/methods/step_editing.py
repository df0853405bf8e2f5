"""Base of methods that edit the optimiser's step."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from ...option_rules import check_option, one_of
from .base_method import BaseMethod
from .protocols import Learner, PhaseRunner

Edit = Callable[[Tensor], Tensor]

EDITS = ("update", "gradient")


class StepEditingMethod(BaseMethod):
    """A method that removes from each step what would hurt old tasks, by a linear map.

    The papers of this kind train with plain SGD, where editing the gradient edits the step. Adam
    is invariant to a gradient's scale: it divides each coordinate by its own recent size, so a
    constant mask on the gradients cancels out completely, and a projected gradient leaves the
    subspace that it was projected onto. By default the step itself is therefore edited: for SGD,
    with or without momentum, that is exactly the papers' equation, and for Adam it has the effect
    that the equation intends.

    Weight decay is part of the step but not of the gradient: with ``edits='gradient'`` it moves
    weights that should stay fixed. A warning is logged for a phase that has both.

    Args:
        edits: ``'update'`` edits the step that the optimiser took, ``'gradient'`` its input.

    Raises:
        ValueError: On other ``edits``.
    """

    needs_same_encoder = True

    def __init__(self, edits: str = "update") -> None:
        check_option(edits, one_of(EDITS), f"{type(self).__name__}: edits")
        self.edits = edits
        self._before: list[Tensor] = []

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Warn about weight decay, which edits of gradients do not cover."""
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
        """Parameters whose steps are edited, with their linear maps, always in the same order."""

    @torch.no_grad()
    def edit_gradients(self, model: Learner) -> None:
        """Edit the gradients, or store the weights before the step."""
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
