import pytest
import torch

from mmlhl.models.heads import ChannelHead


def test_l1_over_pixels_and_channels_by_hand(decoder_config):
    head = ChannelHead(decoder_config(), 2, "curvature_map")
    raw = torch.tensor([[1.0, 5.0], [2.0, 5.0]]).view(1, 2, 1, 2)
    gt = torch.tensor([[0.0, 1.0], [0.0, float("nan")]]).view(1, 2, 1, 2)
    # a pixel that lacks one channel is not measured
    assert head.measured(gt)[0, 0].tolist() == [True, False]
    assert head.loss_by_map(raw, gt)["loss_l1"].item() == pytest.approx(1.5)


def test_zero_and_negative_values_are_measured(decoder_config):
    gt = torch.tensor([0.0, -3.0]).view(1, 1, 1, 2)
    assert ChannelHead(decoder_config(), 1, "edge_map").measured(gt).all()


def test_distance_is_the_mean_over_channels(decoder_config):
    head = ChannelHead(decoder_config(), 2, "x_map")
    student, teacher = torch.tensor([1.0, 5.0]), torch.tensor([0.0, 2.0])
    distance = head.distance(student.view(1, 2, 1, 1), teacher.view(1, 2, 1, 1))
    assert distance.tolist() == [[[2.0]]]


def test_values_have_no_activation(decoder_config):
    raw = torch.randn(1, 2, 3, 3) * 9
    assert torch.equal(ChannelHead(decoder_config(), 2, "x_map").activate(raw, (3, 3)), raw)
