"""Losses that a head cannot call are refused with what they take."""

import pytest
from mmseg.registry import MODELS
from torch import nn

from mmlhl.models.heads import ChannelHead
from mmlhl.models.methods import HAD

DECODER = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1)
OPTIONS = dict(
    SegmentationHead=dict(num_classes=3),
    ChannelHead=dict(channels=2, field="edge_map"),
    BinaryHead=dict(field="mask_map"),
)


def head(kind, loss):
    return MODELS.build(dict(type=kind, decoder=DECODER, loss=loss, **OPTIONS.get(kind, {})))


@pytest.mark.parametrize("kind", ["SegmentationHead", "DepthHead", "NormalHead", "ChannelHead"])
@pytest.mark.parametrize(
    ("loss", "takes"),
    [
        (dict(type="HADLoss"), r"HADLoss takes \(distance, groups, valid, num_groups\)"),
        (dict(type="KDLoss"), r"KDLoss takes \(student, teacher, label\)"),
        (dict(type="ResNet", depth=18), r"ResNet takes \(x\)"),
    ],
)
def test_losses_of_distillation_and_networks(kind, loss, takes):
    with pytest.raises(ValueError, match=f"^{kind}: loss {takes}.*gives its losses.*model.method"):
        head(kind, loss)


@pytest.mark.parametrize("kind", ["SegmentationHead", "DepthHead", "BinaryHead"])
def test_a_method_is_no_loss(kind):
    with pytest.raises(ValueError, match=f"^{kind}: loss HAD is no loss.*model.method"):
        head(kind, dict(type="HAD"))


def test_losses_of_numbers_in_a_head_of_classes():
    with pytest.raises(ValueError, match="SiLogLoss takes .*ground truth, ignore_index"):
        head("SegmentationHead", [dict(type="CrossEntropyLoss"), dict(type="SiLogLoss")])
    for loss in ("CrossEntropyLoss", "DiceLoss", "TverskyLoss", "OhemCrossEntropy"):
        head("SegmentationHead", dict(type=loss))
    head("DepthHead", dict(type=nn.HuberLoss))


def test_a_users_head_may_call_its_losses_in_another_way():
    class Own(ChannelHead):
        def compare(self, loss, pred, gt, measured):
            return sum(loss(pred[:, 0], gt[:, 0] > 0, measured, 2).values())

    made = Own(decoder=DECODER, channels=2, field="edge_map", loss=dict(type="HADLoss"))
    assert type(made.losses[0]).__name__ == "HADLoss"


@pytest.mark.parametrize(
    "loss", ["CrossEntropyLoss", "DenseL1Loss", "KDLoss", "SiLogLoss", "torch.nn.L1Loss"]
)
def test_a_loss_of_had_has_to_be_called_like_hadloss(loss):
    with pytest.raises(ValueError, match="^HAD: loss .* cannot be called like HADLoss"):
        HAD(loss=dict(type=loss))


def test_a_users_loss_of_had():
    class Mean(nn.Module):
        def forward(self, distance, groups, valid, num_groups=None):
            return dict(loss_mean=distance[valid].mean())

    assert isinstance(HAD(loss=dict(type=Mean)).loss, Mean)
