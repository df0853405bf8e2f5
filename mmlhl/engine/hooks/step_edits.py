"""Edits of the optimiser's steps by a method."""

from __future__ import annotations

from collections.abc import Callable

from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ..learner import PhaseModel
from ..phases.handover import check_one_optimizer
from ..phases.optimisation import wrappers_of
from .finite_numbers import parameters_of


def optim_wrappers(runner: Runner) -> list[OptimWrapper]:
    """The runner's optimiser wrappers; several for an ``OptimWrapperDict``."""
    return wrappers_of(runner.optim_wrapper)


def optimizers(runner: Runner) -> list[Optimizer]:
    """The runner's optimisers."""
    return [wrapper.optimizer for wrapper in optim_wrappers(runner)]


def check_optimizer(model: PhaseModel, runner: Runner) -> None:
    """Check that every trainable parameter is in an optimiser.

    A head added after the optimiser was built would silently never be trained.

    Raises:
        RuntimeError: Naming the first parameters that are in none.
    """
    held = {id(p) for optimizer in optimizers(runner) for p in parameters_of(optimizer)}
    lost = [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in held]
    if lost:
        raise RuntimeError(
            f"the optimiser does not have {len(lost)} trainable parameters, such as {lost[:3]}: "
            "name the tasks in model.tasks, so that their heads exist when the optimiser is built"
        )


def before_step(optimizer: Optimizer, function: Callable[..., None]) -> RemovableHandle:
    """Register a function to call before each step of an optimiser, on unscaled gradients.

    A fused optimiser gets scaled gradients from mixed precision, and only its step itself divides
    them and looks for an overflow. Here torch does both beforehand, as for other optimisers, and
    takes no step after an overflow.
    """
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        vars(optimizer)["_step_supports_amp_scaling"] = False
    return optimizer.register_step_pre_hook(function)


def watch_steps(model: PhaseModel, runner: Runner) -> list[RemovableHandle]:
    """Let the method edit each step, on reduced and unscaled gradients.

    Uses torch hooks of the optimiser instead of hooks in the loop, so that iterations without a
    step (skipped by mixed precision, or accumulating gradients) do not count.

    Raises:
        ValueError: If the method edits steps and there is not one optimiser.
    """
    method = model.method
    if not (method.edits_gradients or method.edits_weights):
        return []
    found = optimizers(runner)
    check_one_optimizer(method, len(found))
    optimizer, handles = found[0], []
    if method.edits_gradients:
        handles.append(before_step(optimizer, lambda *_: method.edit_gradients(model)))
    if method.edits_weights:
        handles.append(optimizer.register_step_post_hook(lambda *_: method.edit_weights(model)))
    return handles
