"""Losses that would not bring a prediction to ground truth are refused when a head is built."""

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmlhl.models.heads import ChannelHead, DepthHead

DECODER = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1)
OPTIONS = dict(
    BinaryHead=dict(field="mask_map"),
    ChannelHead=dict(channels=2, field="edge_map"),
    DepthHead={},
    NormalHead={},
    SegmentationHead=dict(num_classes=3),
)
NUMBERS = ("ChannelHead", "DepthHead", "NormalHead")


def head(kind, loss, **options):
    losses = [dict(type=each) if not isinstance(each, dict) else each for each in loss]
    return MODELS.build(dict(type=kind, decoder=DECODER, loss=losses, **OPTIONS[kind], **options))


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize(
    "loss",
    [
        "DenseBCELoss",
        "SiLogLoss",
        nn.BCEWithLogitsLoss,
        nn.CrossEntropyLoss,
        nn.HingeEmbeddingLoss,
        nn.PoissonNLLLoss,
        nn.SoftMarginLoss,
    ],
)
def test_losses_with_another_minimum(kind, loss):
    name = loss if isinstance(loss, str) else loss.__name__
    if (kind, name) == ("DepthHead", "SiLogLoss"):
        pytest.skip("it fits depth above 0")
    with pytest.raises(ValueError, match=f"^{kind}: loss {name} does not pull .*DenseL1Loss"):
        head(kind, [loss])
    with pytest.raises(ValueError, match=f"^{kind}: loss {name} does not pull"):
        head(kind, ["DenseL1Loss", loss])


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("loss", ["DenseL1Loss", nn.MSELoss, nn.SmoothL1Loss, nn.HuberLoss])
def test_losses_whose_minimum_is_ground_truth(kind, loss):
    head(kind, [loss])


def test_a_cosine_has_no_length():
    head("NormalHead", ["DenseCosineLoss"])
    head("ChannelHead", ["DenseCosineLoss", "DenseL1Loss"])
    with pytest.raises(ValueError, match="^ChannelHead: loss DenseCosineLoss compares directions"):
        head("ChannelHead", ["DenseCosineLoss"])
    with pytest.raises(ValueError, match="^DepthHead: loss DenseCosineLoss does not pull"):
        head("DepthHead", ["DenseL1Loss", "DenseCosineLoss"])  # one channel has no direction


def test_logarithms_need_predictions_above_0():
    for activation in (None, "relu"):
        with pytest.raises(ValueError, match="^DepthHead: loss SiLogLoss compares logarithms"):
            head("DepthHead", ["SiLogLoss"], activation=activation)
    head("DepthHead", ["SiLogLoss"], activation="softplus")
    head("DepthHead", ["SiLogLoss", "DenseL1Loss"])


@pytest.mark.parametrize("loss", ["DenseL1Loss", nn.MSELoss, nn.HuberLoss])
def test_a_logit_is_no_probability(loss):
    with pytest.raises(ValueError, match="^BinaryHead: .*pulls it back from the right side of 0"):
        head("BinaryHead", [loss])


@pytest.mark.parametrize("channels", [0, -1, 1.5, True, "2"])
def test_channels(channels):
    with pytest.raises(ValueError, match="^ChannelHead: channels must be a whole number >= 1, got"):
        ChannelHead(decoder=DECODER, channels=channels, field="edge_map")


@pytest.mark.parametrize(
    ("kind", "loss", "reason"),
    [
        ("SegmentationHead", dict(type="FocalLoss", use_sigmoid=False), "sigmoid focal loss"),
        ("DepthHead", dict(type="HeteroAKDLoss"), "missing"),
        ("NormalHead", dict(type="DenseL1Loss", beta=2), "beta"),
        ("BinaryHead", dict(type="DenseBCELoss", pos_weight=0), "pos_weight must be a number > 0"),
    ],
)
def test_a_loss_that_refuses_its_options_is_named(kind, loss, reason):
    with pytest.raises(ValueError, match=f"^{kind}: loss {loss['type']}: .*{reason}"):
        head(kind, [loss])


def test_a_missing_file_of_class_weights_is_named(tmp_path):
    loss = dict(type="CrossEntropyLoss", class_weight=str(tmp_path / "weights.npy"))
    with pytest.raises(FileNotFoundError, match="^SegmentationHead: loss CrossEntropyLoss: .*npy"):
        head("SegmentationHead", [loss])


def test_a_users_own_loss_and_head_are_not_tried():
    class Rank(nn.Module):  # of a package of the user's
        __module__ = "my_project.losses"

        def forward(self, pred, target):
            return (target - pred).exp().mean()

    class Levels(DepthHead):
        def compare(self, loss, pred, gt, measured):
            return loss(pred[measured[:, None]], (gt[measured[:, None]] > 1).float())

    head("DepthHead", [Rank])
    Levels(decoder=DECODER, loss=dict(type=nn.BCEWithLogitsLoss))


def test_channels_of_ground_truth_are_not_broadcast():
    one = ChannelHead(decoder=DECODER, channels=1, field="edge_map")
    with pytest.raises(ValueError, match="predicts 1 channel.*gt_edge_map has 2"):
        one.loss_by_map(torch.zeros(1, 1, 2, 2), torch.ones(1, 2, 2, 2))
