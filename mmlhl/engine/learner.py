"""The model inside a runner, as it stands when a phase ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def unwrap(runner: Runner) -> nn.Module:
    """The runner's model without its distributed wrapper."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def average_buffers(model: nn.Module) -> None:
    """Give all processes the mean of their BN statistics, which differ by rank."""
    if get_world_size() > 1:
        all_reduce_params([b for b in model.buffers() if b.is_floating_point()], op="mean")


@contextmanager
def averaged_weights(runner: Runner) -> Iterator[None]:
    """The weights that the checkpoint gets: with an ``EMAHook`` the averages, as it tests them."""
    hooks = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    for hook in hooks:
        hook.before_test_epoch(runner)
    try:
        yield
    finally:
        for hook in hooks:
            hook.after_test_epoch(runner)
