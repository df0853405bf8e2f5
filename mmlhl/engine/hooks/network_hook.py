"""Running the networks in a model compiled or in another memory format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn

from ...models.teachers import members
from ..learner import unwrap


@HOOKS.register_module()
class NetworkHook(Hook):
    """Compiles encoders and decoders of student and teacher, or runs them channels last.

    Only the networks are compiled, which do not depend on a phase's tasks and method. mmengine's
    ``compile=True`` traces the whole step, which works but takes long, with a graph break at each
    loss. Names of weights, and so checkpoints, do not change.

    Args:
        compile: Options of ``torch.compile``, such as ``dict(backend='inductor')``; True for its
            defaults.
        channels_last: Whether to use the channels-last memory format.

    Raises:
        ValueError: If neither is set, or this PyTorch cannot compile a module in place.
    """

    # after LifelongPhaseHook, which sets the teacher
    priority = "VERY_LOW"

    def __init__(self, compile: bool | dict = False, channels_last: bool = False) -> None:
        if not isinstance(compile, (bool, dict)):
            raise ValueError(f"NetworkHook: compile must be True or a dict, got {compile!r}")
        if compile is False and not channels_last:
            raise ValueError("NetworkHook: set compile or channels_last, or leave the hook out")
        if compile is not False and not hasattr(nn.Module, "compile"):
            raise ValueError("NetworkHook: compile needs torch >= 2.2; set compile=True beside it")
        self.compile: dict | None = None
        if compile is not False:
            self.compile = dict(compile) if isinstance(compile, dict) else {}
        self.channels_last = channels_last

    def check_model(self, model: nn.Module) -> None:
        """Refuse a phase's model before phase one, see :func:`check_channels_last`."""
        if self.channels_last:
            check_channels_last(model)

    def before_train(self, runner: Runner) -> None:
        """Prepare the model, and the teacher if there is one."""
        model: Any = unwrap(runner)
        teacher = getattr(model, "teacher", None)
        for network in (model, *(members(teacher) if teacher is not None else ())):
            prepare(network, self.compile, self.channels_last)


def prepare(model: Any, compile: dict | None, channels_last: bool) -> None:
    """Compile a segmentor's networks, or make them run channels last.

    Raises:
        ValueError: If the network cannot run channels last.
    """
    if channels_last:
        check_channels_last(model)
        model.to(memory_format=torch.channels_last)
        model.backbone.register_forward_pre_hook(_to_channels_last)
    if compile is not None:
        for part in networks(model):
            part.compile(**compile)


def check_channels_last(model: nn.Module) -> None:
    """Refuse networks for which channels last is not safe.

    On CPUs, oneDNN writes out of bounds in the backward pass of a strided 1x1 convolution of 2 to
    7 channels (torch 2.13; 8 and more are correct).

    Raises:
        ValueError: Naming the convolution.
    """
    for name, module in model.named_modules():
        if (
            isinstance(module, nn.Conv2d)
            and module.weight.device.type == "cpu"
            and tuple(module.kernel_size) == (1, 1)
            and max(module.stride) > 1
            and 1 < module.in_channels < 8
        ):
            raise ValueError(
                f"NetworkHook: channels_last on a CPU corrupts memory in {name}, a strided 1x1 "
                f"convolution of {module.in_channels} channels (oneDNN); give it 8 or more, or "
                "leave channels_last out"
            )


def networks(model: Any) -> Iterator[nn.Module]:
    """The networks of a segmentor: encoder, neck and decoders."""
    yield model.backbone
    if model.with_neck:
        yield model.neck
    for head in model.heads.values():
        yield head.decoder


def _to_channels_last(module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (given[0].contiguous(memory_format=torch.channels_last), *given[1:])
