"""Equivalent replacements for modules that would tie a graph to the example's size."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from mmseg.models.utils import resize as mmseg_resize
from torch import Tensor, nn

from .same_padding import SamePaddedConv


class AdaptiveMean(nn.Module):
    """``nn.AdaptiveAvgPool2d`` for inputs of any size, as two products with averaging matrices.

    Args:
        size: Height and width of the output; None keeps that of the input.
    """

    def __init__(self, size: tuple[int | None, int | None]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Pool ``(N, C, H, W)`` to ``(N, C, *size)``."""
        if self.size == (1, 1):
            return x.mean((2, 3), keepdim=True)
        for axis, count in zip((2, 3), self.size, strict=True):
            if count is not None:
                weights = self._weights(x, axis, count)
                x = weights @ x if axis == 2 else x @ weights.transpose(0, 1)
        return x

    @staticmethod
    def _weights(x: Tensor, axis: int, count: int) -> Tensor:
        """Averaging matrix ``(count, side)``: row i is the mean from i s / n to (i + 1) s / n."""
        place = torch.ones_like(x[0, 0, :, 0] if axis == 2 else x[0, 0, 0]).cumsum(0) - 1
        side = place[-1] + 1
        cell = torch.arange(count, dtype=x.dtype, device=x.device)
        # whole numbers in floats: sides below 2^24 / count are exact
        start = torch.div(cell * side, count, rounding_mode="floor")
        stop = -torch.div(-(cell + 1) * side, count, rounding_mode="floor")
        inside = (place[None] >= start[:, None]) & (place[None] < stop[:, None])
        return inside.to(x.dtype) / (stop - start)[:, None]


class PlainAttention(nn.Module):
    """``nn.MultiheadAttention`` in evaluation mode, for inputs of any size.

    Args:
        attention: The module, whose weights are used.

    Raises:
        ValueError: If it uses an option that is not supported.
    """

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        odd = attention.bias_k is not None or attention.add_zero_attn
        if odd or attention.in_proj_weight is None:
            raise ValueError(
                "nn.MultiheadAttention with kdim, vdim, add_bias_kv or add_zero_attn has no export"
            )
        self.weight, self.bias = attention.in_proj_weight, attention.in_proj_bias
        self.out_proj = attention.out_proj
        self.heads, self.batch_first = attention.num_heads, attention.batch_first
        self.scale = 1 / math.sqrt(attention.head_dim)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        **kwargs: object,
    ) -> tuple[Tensor, None]:
        """Attend; shapes are ``(L, N, E)``, or ``(N, L, E)`` with ``batch_first``.

        Raises:
            ValueError: If a mask is given.
        """
        if key_padding_mask is not None or attn_mask is not None:
            raise ValueError("attention with a mask has no export")
        if self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        biases = (None,) * 3 if self.bias is None else self.bias.chunk(3)
        q, k, v = (
            nn.functional.linear(x, w, b).unflatten(-1, (self.heads, -1)).permute(1, 2, 0, 3)
            for x, w, b in zip((query, key, value), self.weight.chunk(3), biases, strict=True)
        )
        shares = (q * self.scale @ k.transpose(-2, -1)).softmax(-1)
        out = self.out_proj((shares @ v).permute(2, 0, 1, 3).flatten(-2))
        return (out.transpose(0, 1) if self.batch_first else out), None


def substitute(model: nn.Module) -> nn.Module:
    """Replace modules of a model, at any depth.

    Args:
        model: Changed in place.

    Returns:
        The same model.

    Raises:
        ValueError: If a module needs mmcv's compiled operators or cannot be exported.
    """
    for name, module in model.named_modules():
        if type(module).__module__.startswith("mmcv.ops"):
            raise ValueError(
                f"{name} is a {type(module).__name__}, one of mmcv's compiled operators, for which "
                "other runtimes have no counterpart"
            )
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.AdaptiveAvgPool2d):
                size = child.output_size
                height, width = size if isinstance(size, (tuple, list)) else (size, size)
                setattr(parent, name, AdaptiveMean((height, width)))
            elif type(child) is nn.MultiheadAttention:
                setattr(parent, name, PlainAttention(child))
            elif type(child) is Conv2dAdaptivePadding:
                setattr(parent, name, SamePaddedConv(child))
    return model


@contextmanager
def recording() -> Iterator[None]:
    """Let mmseg's ``resize`` ignore sizes, and attention not use fused kernels, in the block.

    mmseg's ``resize`` converts sizes to Python numbers to warn about them, which would tie the
    graph to the example's size.
    """

    def quiet(
        input: Tensor,
        size: Sequence[int] | None = None,
        scale_factor: float | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        warning: bool = False,
    ) -> Tensor:
        return nn.functional.interpolate(input, size, scale_factor, mode, align_corners)

    patched = []
    for name, module in list(sys.modules.items()):
        if name.startswith(("mmseg.", "mmlhl.")) and vars(module).get("resize") is mmseg_resize:
            vars(module)["resize"] = quiet
            patched.append(module)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module in patched:
            vars(module)["resize"] = mmseg_resize
