"""The model inside a runner, with averaged weights and buffers at the end of a phase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from .phases.phase_model import PhaseModel


def unwrap(runner: Runner) -> PhaseModel:
    """The runner's model without its distributed wrapper."""
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    return cast(PhaseModel, model)


def has_phases(model: object) -> bool:
    """Whether a model can be trained in phases, like a LifelongSegmentor."""
    return all(hasattr(model, name) for name in ("heads", "old_tasks", "method", "set_teacher"))


def averaged_models(runner: Runner) -> list[nn.Module]:
    """The averaged copies of the model that each ``EMAHook`` keeps."""
    return [hook.ema_model for hook in runner.hooks if isinstance(hook, EMAHook)]


def average_buffers(runner: Runner) -> None:
    """Set the BN statistics, which differ by rank, to their mean over all processes.

    Also those in the averaged copies of an ``EMAHook``, which checkpoints contain.
    """
    if get_world_size() == 1:
        return
    own = list(unwrap(runner).buffers())
    for buffers in (own, *(list(model.buffers()) for model in averaged_models(runner))):
        all_reduce_params([b for b in buffers if b.is_floating_point()], op="mean")


@contextmanager
def averaged_weights(runner: Runner) -> Iterator[None]:
    """Use the weights that are saved and tested: with an ``EMAHook`` the averaged ones."""
    hooks = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    for hook in hooks:
        hook.before_test_epoch(runner)
    try:
        yield
    finally:
        for hook in hooks:
            hook.after_test_epoch(runner)
