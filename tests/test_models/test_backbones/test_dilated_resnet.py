"""Both convolutions of a dilated basic block are dilated."""

import torch
from mmseg.registry import MODELS

OPTIONS = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True)
OPTIONS.update(depth=18, stem_channels=4, base_channels=4, style="pytorch")


def dilations(backbone):
    return [
        [(block.conv1.dilation[0], block.conv2.dilation[0]) for block in getattr(backbone, layer)]
        for layer in backbone.res_layers
    ]


def test_dilations_beside_mmsegs():
    own = MODELS.build(dict(type="DilatedResNet", **OPTIONS))
    assert dilations(own) == [[(1, 1)] * 2, [(1, 1)] * 2, [(1, 2), (2, 2)], [(2, 4), (4, 4)]]
    stock = MODELS.build(dict(type="ResNet", **OPTIONS))
    assert dilations(stock) == [[(1, 1)] * 2, [(1, 1)] * 2, [(1, 1), (2, 1)], [(2, 1), (4, 1)]]


def test_same_sizes_and_weights_as_mmsegs():
    own = MODELS.build(dict(type="DilatedResNet", **OPTIONS))
    stock = MODELS.build(dict(type="ResNet", **OPTIONS))
    for backbone in (own, stock):
        backbone.eval()
    own.load_state_dict(stock.state_dict())
    image = torch.rand(1, 3, 64, 64)
    maps, others = own(image), stock(image)
    assert [m.shape for m in maps] == [m.shape for m in others]
    assert torch.equal(maps[1], others[1]) and not torch.equal(maps[2], others[2])
