"""Copies of a model's buffers, to undo the changes of a skipped step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..learner import PhaseModel


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
