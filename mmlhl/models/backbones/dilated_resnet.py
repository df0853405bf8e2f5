"""A ResNet of basic blocks in which both convolutions of a dilated block are dilated."""

from __future__ import annotations

from typing import Any

from mmseg.models.backbones import ResNet
from mmseg.models.backbones.resnet import BasicBlock
from mmseg.registry import MODELS
from torch import nn


@MODELS.register_module()
class DilatedResNet(ResNet):
    """ResNet-18 or -34 that keeps its field of view where dilation replaces stride.

    mmseg's ``BasicBlock`` dilates its first convolution alone, so that a ResNet-18 at output stride
    8 sees less than one at stride 32. Here the second one is dilated as well, as in the authors'
    HAD release. Weights are those of any ResNet of that depth. Deeper ones, of bottlenecks, are
    dilated fully by mmseg and come out unchanged.

    Args:
        **kwargs: As in mmseg's ``ResNet``.
    """

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """A stage as mmseg makes it, with both convolutions of its basic blocks dilated."""
        layer = super().make_res_layer(**kwargs)
        dilation = kwargs["dilation"]
        for block in layer.modules():
            if isinstance(block, BasicBlock):
                block.conv2.dilation = block.conv2.padding = (dilation, dilation)
        return layer
