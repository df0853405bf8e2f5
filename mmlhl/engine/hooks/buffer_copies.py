"""Copies of a model's buffers and of its optimisers, to undo the changes of a skipped step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils._pytree import tree_map

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


class OptimizerCopy:
    """A copy of what the steps of an optimiser change.

    Args:
        optimizer: The optimiser.
        whole: Whether weights and moments are copied, too, and not only what some optimisers keep
            in their groups, such as a count of steps.
        stored: An earlier copy, which is taken instead of the present state.
    """

    def __init__(
        self, optimizer: Optimizer, whole: bool, stored: Mapping[str, Any] | None = None
    ) -> None:
        self.optimizer = optimizer
        now: dict[str, Any] = dict(weights=[], param_groups=optimizer.param_groups)
        if whole:
            now = dict(optimizer.state_dict(), weights=parameters_of(optimizer))
        groups = [
            {k: v for k, v in each.items() if k != "params"}
            for each in (stored or now)["param_groups"]
        ]
        self.content = tree_map(_copied, dict(stored or now, param_groups=groups))

    @torch.no_grad()
    def restore(self) -> None:
        """Write the copy back, except for values that schedules set."""
        copies = self.content["weights"]
        for weight, copy in zip(parameters_of(self.optimizer), copies, strict=False):
            weight.data.copy_(copy)
        groups = zip(self.optimizer.param_groups, self.content["param_groups"], strict=True)
        for group, copy in groups:
            group.update({k: _copied(v) for k, v in copy.items() if not _scheduled(k, group)})
        if copies:
            state = tree_map(_copied, self.content["state"])
            self.optimizer.load_state_dict(dict(self.optimizer.state_dict(), state=state))

    def on_cpu(self) -> dict[str, Any]:
        """The copy, on the CPU."""
        return tree_map(lambda each: each.cpu() if isinstance(each, Tensor) else each, self.content)


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _scheduled(key: str, group: Mapping[str, Any]) -> bool:
    """Whether a schedule of mmengine may set a value of a group; of Adam, ``betas``."""
    return key == "lr" or f"initial_{'momentum' if key == 'betas' else key}" in group
