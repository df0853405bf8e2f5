"""Checks that weights, edited gradients and moments are finite, with errors that name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mmengine.runner import Runner
from torch.optim import Optimizer

from ...checkpoints import poisoned
from ...explaining import first_few
from ..learner import unwrap
from .finite_numbers import finite_gradients, finite_tensors, names_of, parameters_of
from .finite_sources import spoilt_states
from .step_edits import optim_wrappers, optimizers

#: a scale of the loss that only overflow in every step explains; it begins at 65536 and is halved
LEAST_SCALE = 1e-6
first_names = partial(first_few, separator=", ")


class NotFinite(FloatingPointError):
    """A loss, a gradient, a weight or a moment is NaN or infinite."""


def next_step(runner: Runner) -> str:
    """The phase and the present iteration, counted from one, for messages."""
    return f"{runner.experiment_name}, iteration {runner.iter + 1}"


def check_weights(runner: Runner, state: Mapping[str, Any]) -> None:
    """Refuse weights that are not finite.

    Raises:
        NotFinite: Naming the first of them.
    """
    bad = poisoned(state)
    if bad:
        raise NotFinite(
            f"{runner.experiment_name}, iteration {runner.iter}: weights are not finite after "
            f"the step: {first_names(list(bad))}. They are neither saved nor tested; lower the "
            "learning rate, or clip gradients with optim_wrapper.clip_grad=dict(max_norm=1.0)"
        )


def check_all(runner: Runner) -> None:
    """Refuse parameters that are not finite, then states of optimisers.

    Raises:
        NotFinite: Naming the first of them.
    """
    model = unwrap(runner)
    check_weights(runner, dict(model.named_parameters()))
    bad = spoilt_states(model, optimizers(runner))
    if bad:
        raise NotFinite(
            f"{runner.experiment_name}, iteration {runner.iter}: not finite after the step: "
            f"{first_names(bad)}. The weights that it belongs to would stop learning; clip "
            "gradients with optim_wrapper.clip_grad=dict(max_norm=1.0)"
        )


def check_scale(runner: Runner, taken: bool) -> None:
    """Refuse mixed precision whose gradients overflow in every step, so that none is taken.

    Raises:
        NotFinite: If none was, or the scale of the loss has fallen beyond use.
    """
    for wrapper in filter(scaled, optim_wrappers(runner)):
        scale = wrapper.loss_scaler.get_scale()
        if not taken or scale < LEAST_SCALE:
            raise NotFinite(
                f"{runner.experiment_name}, iteration {runner.iter}: gradients in mixed precision "
                f"overflow in each step, with the loss times {scale:g} as well, so no step is "
                "taken: lower the learning rate, or train without --amp (optim_wrapper.type="
                "'OptimWrapper')"
            )


def scaled(wrapper: Any) -> bool:
    """Whether a wrapper of an optimiser scales the loss, so that gradients may overflow."""
    scaler = getattr(wrapper, "loss_scaler", None)
    return scaler is not None and scaler.is_enabled()


def check_moved(runner: Runner, optimizer: Optimizer) -> None:
    """Call :func:`check_all` if a parameter of the optimiser is not finite."""
    if not finite_tensors([p.detach() for p in parameters_of(optimizer)]):
        check_all(runner)


def check_edited(runner: Runner, optimizer: Optimizer, files: Sequence[str]) -> None:
    """Refuse gradients that are not finite after a method's edit, before they are used.

    Raises:
        NotFinite: Naming method, parameters and files.
    """
    given = [p for p in parameters_of(optimizer) if p.grad is not None]
    if not finite_gradients(given):
        model = unwrap(runner)
        raise NotFinite(
            f"{next_step(runner)}: not finite after {type(model.method).__name__} edited the "
            f"step: {first_names(names_of(model, given))}; files of the batch: "
            f"{', '.join(files)}. No weight was changed by this step"
        )
