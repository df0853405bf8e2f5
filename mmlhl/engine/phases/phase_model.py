"""The members of a model that the engine uses, like ``models/methods/protocols.py`` for methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from torch import Tensor

from ...models.methods.base_method import BaseMethod
from ...models.methods.protocols import Learner


class PhaseModel(Learner, Protocol):
    """The members of a model trained in phases that the engine uses; it is a module."""

    stored_labels: bool

    @property
    def method(self) -> BaseMethod:
        """The method that preserves old tasks."""

    def set_teacher(self, model: Any) -> None:
        """Freeze a model and make it the teacher; None releases it."""

    def loss(self, inputs: Tensor, samples: Any) -> dict[str, Tensor]:
        """Losses of a training step by name."""

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the losses, and the values to log."""

    def predict(self, inputs: Tensor, samples: Any) -> list:
        """Samples with predictions."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset all gradients."""

    def buffers(self) -> Iterator[Tensor]:
        """Buffers, BN statistics among them."""

    def state_dict(self) -> dict[str, Tensor]:
        """All weights and buffers by name."""

    def register_forward_hook(self, hook: Callable, **kwargs: Any) -> Any:
        """Register a function to call after each forward pass."""
