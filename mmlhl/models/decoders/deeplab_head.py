"""DeepLabV3's decoder as its authors and torchvision build it, smaller than mmseg's."""

from __future__ import annotations

from typing import Any

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads import ASPPHead
from mmseg.registry import MODELS
from torch import nn


@MODELS.register_module()
class DeepLabHead(ASPPHead):
    """Atrous spatial pyramid pooling, joined by a 1x1 convolution, then one 3x3 convolution.

    mmseg's ``ASPPHead`` joins the pyramid by the 3x3 convolution itself: with 512 input channels
    and 13 classes it has 6.76 million parameters, this one 4.73 (Chen et al., 2017,
    arXiv 1706.05587; the decoder of the authors' HAD release).

    Args:
        dilations: Dilation rates of the pyramid; the first, 1, is a 1x1 convolution.
        dropout_ratio: Dropout after the 1x1 convolution that joins the pyramid.
        **kwargs: As in mmseg's ``ASPPHead``.
    """

    def __init__(
        self,
        dilations: tuple[int, ...] = (1, 12, 24, 36),
        dropout_ratio: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(dilations=dilations, dropout_ratio=0.0, **kwargs)
        norms = dict(conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        joined = (len(dilations) + 1) * self.channels
        self.bottleneck = nn.Sequential(
            ConvModule(joined, self.channels, 1, **norms),
            nn.Dropout(dropout_ratio),
            ConvModule(self.channels, self.channels, 3, padding=1, **norms),
        )
