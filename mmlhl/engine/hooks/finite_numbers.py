"""Whether losses, gradients and weights are finite, mostly without synchronising the device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..learner import PhaseModel


def is_loss(name: str, value: object) -> bool:
    """Whether an entry in a model's output is a loss, which mmengine adds up."""
    return isinstance(value, Tensor) and value.is_floating_point() and "loss" in name


def finite_losses(losses: Mapping[str, Tensor]) -> Tensor:
    """Whether all losses are finite, as a tensor."""
    flags = [value.isfinite().all() for value in losses.values()]
    return torch.stack(flags).all() if flags else torch.tensor(True)


def finite_gradients(parameters: Sequence[nn.Parameter]) -> Tensor:
    """Whether all gradients and their norms are finite, as a tensor."""
    return finite_tensors([p.grad for p in parameters if p.grad is not None])


def finite_tensors(found: Sequence[Tensor]) -> Tensor:
    """Whether all tensors and their norms are finite, as a tensor."""
    if not found:
        return torch.tensor(True)
    sums = [torch.linalg.vector_norm(each.float()) for each in found]
    return torch.stack([each.to(sums[0].device) for each in sums]).isfinite().all()


def not_finite(losses: Mapping[str, Tensor]) -> list[str]:
    """Names and values of losses that are not finite."""
    return [f"{k} = {float(v.mean())}" for k, v in losses.items() if not v.isfinite().all()]


def names_of(model: PhaseModel, parameters: Iterable[nn.Parameter]) -> list[str]:
    """Names of the parameters whose gradient, or its norm, is not finite."""
    bad = {id(p): p.grad for p in parameters if not finite_gradients([p])}
    return [
        f"the {'norm of the ' if bad[id(p)].isfinite().all() else ''}gradient of {name}"
        for name, p in model.named_parameters()
        if id(p) in bad
    ]


def parameters_of(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """All parameters of an optimiser."""
    return [p for group in optimizer.param_groups for p in group["params"]]
