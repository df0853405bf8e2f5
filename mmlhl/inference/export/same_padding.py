"""TensorFlow's "same" padding for graphs whose input may have any size."""

from __future__ import annotations

from typing import Any

from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from torch import Tensor, nn


class SamePaddedConv(nn.Module):
    """mmcv's ``Conv2dAdaptivePadding``, with a padding that is computed in the graph.

    The original computes the padding in Python, so that the graph would only fit the example's
    size.

    Args:
        conv: The convolution, whose weights are used.
    """

    def __init__(self, conv: Conv2dAdaptivePadding) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(N, C, H, W)`` to ``(N, K, ceil(H / stride), ceil(W / stride))``."""
        conv = self.conv
        high, wide = (
            missing(x.shape[2 + axis], conv.kernel_size[axis], conv.stride[axis], dilation)
            for axis, dilation in enumerate(conv.dilation)
        )
        x = nn.functional.pad(x, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
        return nn.functional.conv2d(
            x, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups
        )


def missing(side: Any, kernel: int, stride: int, dilation: int) -> Any:
    """Pixels to add to a side so that a kernel has ``ceil(side / stride)`` positions.

    Args:
        side: Length in pixels; a number, or a symbol while a graph is recorded.
        kernel: Side of the kernel.
        stride: Its stride.
        dilation: Its dilation.

    Returns:
        Pixels to add on both sides together, of the type of ``side``.
    """
    more = (kernel - 1) * dilation + 1 - stride + (-side) % stride
    if (kernel - 1) * dilation + 1 >= stride:
        return more
    return (more + abs(more)) // 2  # the positive part; max() would be recorded as a constant
