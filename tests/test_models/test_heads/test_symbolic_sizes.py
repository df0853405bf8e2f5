"""A recorded graph works for inputs of any size with every head."""

import pytest
import torch
from torch import nn

from mmlhl.models.heads import BinaryHead, ChannelHead, DepthHead, NormalHead, SegmentationHead

HEADS = dict(
    seg=lambda decoder: SegmentationHead(decoder, num_classes=4),
    depth=lambda decoder: DepthHead(decoder),
    normal=lambda decoder: NormalHead(decoder),
    edge=lambda decoder: ChannelHead(decoder, 2, "edge_map"),
    mask=lambda decoder: BinaryHead(decoder, "mask_map"),
)


class FullSize(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, image):
        pred = self.head.activate(
            image[:, : self.head.decoder.num_classes, ::2, ::2], image.shape[2:]
        )
        return self.head.readout(pred)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("align", [False, True])
def test_a_traced_head_follows_its_input(decoder_config, name, align):
    model = FullSize(HEADS[name](decoder_config(align_corners=align))).eval()
    traced = torch.jit.trace(model, torch.randn(1, 4, 8, 12))
    for size in ((8, 12), (6, 4), (9, 13)):
        image = torch.randn(2, 4, *size)
        expected = model(image)
        assert expected.shape[2:] == size
        torch.testing.assert_close(traced(image), expected)


def test_classes_are_read_out_as_ids_and_all_else_as_it_is(decoder_config):
    logits = torch.tensor([[0.0, 2.0], [1.0, 1.0]])[None, :, :, None].log_softmax(1)
    ids = SegmentationHead(decoder_config(), num_classes=2).readout(logits)
    assert ids.tolist() == [[[[1], [0]]]] and ids.dtype == torch.int64
    for name in ("depth", "normal", "edge", "mask"):
        pred = torch.rand(1, 3, 2, 2)
        assert HEADS[name](decoder_config()).readout(pred) is pred


def test_kinds(decoder_config):
    kinds = [HEADS[name](decoder_config()).kind for name in HEADS]
    assert kinds == ["classes", "depth", "normal", "channels", "binary"]
