"""Moments and schedules of a checkpoint to resume from, compared with the config's."""

from __future__ import annotations

from typing import Any

from torch import Tensor

#: moments of torch's optimisers that have one value per weight
ELEMENTWISE = (
    *("momentum_buffer", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "square_avg"),
    *("grad_avg", "acc_delta", "sum", "ax", "prev", "step_size"),
)


def check_moments(wrapper: Any) -> None:
    """Check that the moments of each weight have its shape, which torch does not.

    Raises:
        ValueError: Naming the first moment that does not fit.
    """
    optimizers = [each for _, each in wrapper.items()] if hasattr(wrapper, "items") else [wrapper]
    for optimizer in (getattr(each, "optimizer", each) for each in optimizers):
        for weight, state in optimizer.state.items():
            for name in ELEMENTWISE:
                value = state.get(name)
                if value is None or (isinstance(value, Tensor) and value.shape == weight.shape):
                    continue
                found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise ValueError(
                    f"the optimiser's state is of another model: {name} of a weight of the shape "
                    f"{tuple(weight.shape)} is {found}"
                )


def check_schedules(own: Any, stored: Any) -> None:
    """Check that a checkpoint has as many schedules as the config; mmengine drops the others.

    Raises:
        ValueError: If their numbers differ.
    """
    if own is None or (isinstance(own, dict) and "type" not in own):
        return
    wanted = len(own) if isinstance(own, list) else 1
    found = len(stored) if isinstance(stored, (list, dict)) else 0
    if wanted != found:
        raise ValueError(f"it has the state of {found} schedules, param_scheduler has {wanted}")
