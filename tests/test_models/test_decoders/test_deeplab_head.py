"""The decoder of the HAD release, by its size and its parts."""

import torch
from mmseg.registry import MODELS
from torch import nn

OPTIONS = dict(in_channels=512, in_index=0, channels=256, num_classes=13, norm_cfg=dict(type="BN"))


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_size_beside_mmsegs():
    head = MODELS.build(dict(type="DeepLabHead", **OPTIONS))
    pyramid = 2 * 512 * 256 + 3 * 512 * 256 * 9  # a 1x1, the pooled one, three of 3x3
    joined = 5 * 256 * 256 + 256 * 256 * 9
    norms, last = 7 * 2 * 256, 256 * 13 + 13
    assert parameters(head) == pyramid + joined + norms + last == 4_725_517
    stock = MODELS.build(dict(type="ASPPHead", dilations=(1, 12, 24, 36), **OPTIONS))
    assert round(parameters(stock) / 1e6, 2) == 6.76


def test_dropout_follows_the_join_alone():
    head = MODELS.build(dict(type="DeepLabHead", dropout_ratio=0.3, **OPTIONS))
    drops = [m for m in head.modules() if isinstance(m, (nn.Dropout, nn.Dropout2d)) and m.p]
    assert drops == [head.bottleneck[1]] and drops[0].p == 0.3
    assert head.eval()([torch.rand(2, 512, 6, 8)]).shape == (2, 13, 6, 8)
