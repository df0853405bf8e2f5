"""A trial of a phase's optimiser: one step on one weight, which is put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

from ....explaining import explained_error
from ..optimisation import wrappers_of


def try_optimisers(wrapper: Any) -> None:
    """Let each optimiser take a step with a gradient of zero on its smallest weight.

    Some take sparse gradients only, or need a closure, and fail at their first step.

    Raises:
        ValueError: Naming the optimiser that cannot take a step.
    """
    for each in wrappers_of(wrapper):
        optimizer = each.optimizer
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        weights = [weight for weight in weights if weight.requires_grad and not weight.is_meta]
        if not weights:
            continue
        if all(group.get("lr") == 0 for group in optimizer.param_groups if group["params"]):
            raise ValueError(
                "the learning rate of all weights is 0, so nothing would be trained: see the "
                "factors in paramwise_cfg"
            )
        with _restored(optimizer, min(weights, key=Parameter.numel)):
            try:
                optimizer.step()
            except Exception as error:
                raise ValueError(
                    f"optimizer ({type(optimizer).__name__}) cannot take the steps of training: "
                    f"{explained_error(error)}"
                ) from error


@contextmanager
def restored_groups(optimizer: Optimizer) -> Iterator[None]:
    """Restore the optimiser's parameter groups when the context ends."""
    kept = [{**group} for group in optimizer.param_groups]
    try:
        yield
    finally:
        for group, before in zip(optimizer.param_groups, kept, strict=True):
            group.clear()
            group.update(before)


@contextmanager
def _restored(optimizer: Optimizer, weight: Parameter) -> Iterator[None]:
    """Give one weight a gradient of zero; undo what a step does to it and to the optimiser."""
    value, state = weight.detach().clone(), dict(optimizer.state)
    gradients = [(p, p.grad) for group in optimizer.param_groups for p in group["params"]]
    for each, _ in gradients:
        each.grad = torch.zeros_like(each) if each is weight else None
    try:
        with restored_groups(optimizer):
            yield
    finally:
        with torch.no_grad():
            weight.copy_(value)
        for each, gradient in gradients:
            each.grad = gradient
        optimizer.state.clear()
        optimizer.state.update(state)
