"""EfficientNet-Lite: inverted residuals with ReLU6 and without squeeze-and-excitation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

#: width and depth multipliers
VARIANTS = dict(
    lite0=(1.0, 1.0), lite1=(1.0, 1.1), lite2=(1.1, 1.2), lite3=(1.2, 1.4), lite4=(1.4, 1.8)
)
#: blocks, kernel, stride, expansion and channels of each group of blocks
GROUPS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
#: the last group of each level: strides 2, 4, 8, 16 and 32
LEVELS = (0, 1, 2, 4, 6)
STEM = 32


def widths(variant: str) -> tuple[int, ...]:
    """Channels of each group of blocks, multiples of eight."""
    width = VARIANTS[variant][0]
    wanted = [width * group[4] for group in GROUPS]
    rounded = [max(8, int(channels + 4) // 8 * 8) for channels in wanted]
    return tuple(
        r + 8 if r < 0.9 * channels else r for r, channels in zip(rounded, wanted, strict=True)
    )


class InvertedResidual(nn.Sequential):
    """Expansion, depthwise convolution, projection; with a shortcut where the shapes agree.

    mmseg's ``InvertedResidual`` has 3x3 kernels only, and its ``InvertedResidualV3`` no dilation.

    Args:
        in_channels: Channels of the input.
        channels: Channels of the output.
        kernel: Size of the depthwise kernel.
        stride: Its stride.
        expansion: Channels of the depthwise convolution divided by those of the input.
        dilation: Dilation of the depthwise kernel.
        norm_cfg: Config of the normalisation.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        expansion: int,
        dilation: int,
        norm_cfg: dict,
    ) -> None:
        middle = in_channels * expansion
        shared = dict(norm_cfg=norm_cfg, act_cfg=dict(type="ReLU6"))
        layers = [ConvModule(in_channels, middle, 1, **shared)] if expansion > 1 else []
        layers.append(convolution(middle, middle, kernel, stride, dilation, middle, **shared))
        layers.append(ConvModule(middle, channels, 1, norm_cfg=norm_cfg, act_cfg=None))
        super().__init__(*layers)
        self.shortcut = stride == 1 and in_channels == channels

    def forward(self, x: Tensor) -> Tensor:
        """Map features ``(N, C, H, W)`` to ``(N, channels, H / stride, W / stride)``."""
        out = super().forward(x)
        return x + out if self.shortcut else out


def convolution(
    in_channels: int,
    channels: int,
    kernel: int,
    stride: int,
    dilation: int = 1,
    groups: int = 1,
    **kwargs: dict,
) -> ConvModule:
    """A convolution with TensorFlow's "same" padding, as in the training of the weights."""
    conv_cfg = dict(type="Conv2dAdaptivePadding") if stride > 1 else None
    return ConvModule(
        in_channels,
        channels,
        kernel,
        stride=stride,
        padding=dilation * (kernel // 2),
        dilation=dilation,
        groups=groups,
        conv_cfg=conv_cfg,
        **kwargs,
    )


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """The features of EfficientNet-Lite, without its classifier.

    The levels have strides 2, 4, 8, 16 and 32; for ``lite0`` they have 16, 24, 40, 112 and 320
    channels. All of them are built for any ``out_indices``, so that one weight file fits.

    Args:
        variant: ``lite0`` to ``lite4``.
        out_indices: The levels that are returned, counted from 0.
        output_stride: 8, 16 or 32; strides beyond it become dilation.
        norm_cfg: Config of the normalisation. ``eps`` is the one of the ImageNet weights.
        channels_last: Whether to use the channels-last memory format, which makes depthwise
            convolutions faster on CPUs. Values change by rounding only.
        init_cfg: As in mmengine. ``dict(type="Pretrained", checkpoint="installed://lite0")`` takes
            the ImageNet weights of an installed package.

    Raises:
        ValueError: If an argument is none of these.
    """

    def __init__(
        self,
        variant: str = "lite0",
        out_indices: Sequence[int] = (1, 2, 3, 4),
        output_stride: int = 32,
        norm_cfg: dict | None = None,
        channels_last: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(f"variant is {variant!r}; it must be one of {list(VARIANTS)}")
        if output_stride not in (8, 16, 32):
            raise ValueError(f"output_stride is {output_stride!r}; it must be 8, 16 or 32")
        self.out_indices = tuple(out_indices)
        if not self.out_indices or not set(self.out_indices) <= set(range(len(LEVELS))):
            raise ValueError(f"out_indices is {out_indices!r}; levels are 0 to {len(LEVELS) - 1}")
        super().__init__(init_cfg)
        self.channels_last = channels_last
        norm_cfg = norm_cfg or dict(type="BN", eps=1e-3)
        channels, total, dilation = STEM, 2, 1
        self.stem = convolution(3, STEM, 3, 2, norm_cfg=norm_cfg, act_cfg=dict(type="ReLU6"))
        self.groups = nn.ModuleList()
        for index, (group, width) in enumerate(zip(GROUPS, widths(variant), strict=True)):
            blocks, kernel, stride, expansion, _ = group
            if 0 < index < len(GROUPS) - 1:  # the first and the last group keep one block each
                blocks = math.ceil(VARIANTS[variant][1] * blocks)
            before = dilation
            if total * stride > output_stride:
                dilation, stride = dilation * stride, 1
            total *= stride
            self.groups.append(nn.Sequential())
            for number in range(blocks):
                block = (kernel, stride, expansion, before) if number == 0 else (
                    kernel, 1, expansion, dilation,
                )  # fmt: skip
                self.groups[-1].append(InvertedResidual(channels, width, *block, norm_cfg))
                channels = width

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of an image.

        Args:
            x: Images ``(N, 3, H, W)``, normalised with mean and std 127.5 for ImageNet weights.

        Returns:
            One map ``(N, C, H / stride, W / stride)`` for each of ``out_indices``, ascending.
        """
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        x = self.stem(x)
        out = []
        for index, group in enumerate(self.groups):
            x = group(x)
            if index in LEVELS and LEVELS.index(index) in self.out_indices:
                out.append(x)
        return tuple(out)
