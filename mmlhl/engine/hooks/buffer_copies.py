"""Copies of a model's buffers, to undo the changes of a skipped step."""

from __future__ import annotations

import torch
from torch import Tensor

from ..learner import PhaseModel


class BufferCopies:
    """Copies of buffers, such as the running statistics of batch normalisation."""

    def __init__(self) -> None:
        self._pairs: list[tuple[Tensor, Tensor]] = []

    def keep(self, model: PhaseModel) -> None:
        """Copy the present buffers.

        Args:
            model: The model; its copies are allocated once.
        """
        buffers = [each for each in model.buffers() if each.numel()]
        if [id(live) for live, _ in self._pairs] != [id(each) for each in buffers]:
            self._pairs = [(each, each.clone()) for each in buffers]
        for live, copy in self._pairs:
            copy.copy_(live)

    @torch.no_grad()
    def restore(self) -> None:
        """Write the copies back."""
        for live, copy in self._pairs:
            live.copy_(copy)
