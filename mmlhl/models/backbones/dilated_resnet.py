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

    mmseg's ``BasicBlock`` dilates only its first convolution, so a ResNet-18 at output stride 8 has
    a smaller field of view than one at stride 32. Here the second convolution is dilated as well,
    as in the authors' HAD release. The weights of any ResNet of the same depth fit. Deeper ResNets
    are built of bottlenecks, which mmseg dilates correctly, so they stay unchanged.

    Args:
        **kwargs: As in mmseg's ``ResNet``.
    """

    def make_res_layer(self, **kwargs: Any) -> nn.Module:
        """Build a stage as mmseg does, with both convolutions of its basic blocks dilated."""
        layer = super().make_res_layer(**kwargs)
        dilation = kwargs["dilation"]
        for block in layer.modules():
            if isinstance(block, BasicBlock):
                block.conv2.dilation = block.conv2.padding = (dilation, dilation)
        return layer
