"""Copies of a model's buffers and weights, to undo the changes of a skipped step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..learner import PhaseModel
from .finite_numbers import parameters_of


class BufferCopies:
    """Copies of buffers, such as the running statistics of batch normalisation."""

    def __init__(self) -> None:
        self._pairs: list[tuple[Tensor, Tensor]] = []
        self._names: list[str] = []

    def keep(self, model: PhaseModel, stored: Mapping[str, Tensor] | None = None) -> None:
        """Copy the present buffers.

        Args:
            model: The model; its copies are allocated once.
            stored: Earlier values by name, which are copied instead of the present ones.
        """
        named = {name: each for name, each in model.named_buffers() if each.numel()}
        if [id(live) for live, _ in self._pairs] != [id(each) for each in named.values()]:
            self._pairs = [(each, each.clone()) for each in named.values()]
            self._names = list(named)
        for name, (live, copy) in zip(self._names, self._pairs, strict=True):
            copy.copy_((stored or {}).get(name, live))

    def named(self) -> dict[str, Tensor]:
        """The copies by the buffers' names, on the CPU."""
        copies = (copy.cpu().clone() for _, copy in self._pairs)
        return dict(zip(self._names, copies, strict=True))

    @torch.no_grad()
    def restore(self) -> None:
        """Write the copies back."""
        for live, copy in self._pairs:
            live.copy_(copy)


class WeightCopies:
    """Copies of an optimiser's weights and moments."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._weights = [each.detach().clone() for each in parameters_of(optimizer)]
        self._moments = {weight: _copied(state) for weight, state in optimizer.state.items()}

    def restore(self) -> None:
        """Write the copies back."""
        for weight, copy in zip(parameters_of(self.optimizer), self._weights, strict=True):
            weight.data.copy_(copy)
        self.optimizer.state.clear()
        self.optimizer.state.update({w: _copied(state) for w, state in self._moments.items()})


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: v.clone() if isinstance(v, Tensor) else v for key, v in state.items()}
