"""Steps in bfloat16, on any device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class Bfloat16OptimWrapper(OptimWrapper):
    """Networks run in bfloat16, losses, weights and their updates stay in float32.

    mmengine's ``AmpOptimWrapper`` wants a GPU and scales the loss, which bfloat16 does not need, as
    it has the range of float32. This one runs on a CPU as well. Student and teacher alike run in
    it; predictions are resized and compared in float32, whatever the network computes in.

    Args:
        **kwargs: of mmengine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The forward pass of a step.

        Args:
            model: the model that is trained.
        """
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
