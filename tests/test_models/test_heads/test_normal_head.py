import math

import pytest
import torch

from mmlhl.models.heads import NormalHead


def pixels(*vectors):
    """One image of one row: (1, 3, 1, W)."""
    return torch.tensor(vectors).T[None, :, None]


def test_unit_vectors(decoder_config):
    pred = NormalHead(decoder_config()).activate(pixels([0.0, 3.0, -4.0], [0.0, 0.0, 0.0]), (1, 2))
    torch.testing.assert_close(pred, pixels([0.0, 0.6, -0.8], [0.0, 0.0, 0.0]))


def test_cosine_loss_by_hand(decoder_config):
    nan = float("nan")
    gt = pixels([0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [nan, nan, nan])
    raw = pixels([0.0, 0.6, -0.8], [-2.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    head = NormalHead(decoder_config())
    assert head.measured(gt)[0, 0].tolist() == [True, True, False, False]
    assert head.loss_by_map(raw, gt)["loss_cos"].item() == pytest.approx((0.2 + 2.0) / 2)


def test_a_zero_prediction_has_a_finite_gradient(decoder_config):
    raw = torch.zeros(1, 3, 1, 2, requires_grad=True)
    gt = pixels([0.0, 0.0, -1.0], [0.0, 1.0, 0.0])
    NormalHead(decoder_config()).loss_by_map(raw, gt)["loss_cos"].backward()
    assert raw.grad.isfinite().all()


def test_vectors_that_are_zero_do_not_outweigh_the_others(decoder_config):
    torch.manual_seed(0)
    head = NormalHead(decoder_config())
    raw, gt = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    raw[..., 0, 0] = 0
    raw.requires_grad_()
    head.loss_by_map(raw, gt)["loss_cos"].backward()
    slopes = raw.grad.square().sum(1).sqrt()[0]
    assert 0 < slopes[0, 0] <= 1.01 / 16  # as of a vector of length 1
    raw.grad = None
    head.distance(head.activate(raw, (4, 4)), head.pseudo_label(gt)).mean().backward()
    assert raw.grad[..., 0, 0].abs().max() < 1e-6 and raw.grad.abs().max() > 1e-3


@pytest.mark.parametrize(("direction", "axis"), [("horizontal", 0), ("vertical", 1)])
def test_flip_turns_the_component_along_the_axis(decoder_config, direction, axis):
    head = NormalHead(decoder_config())
    raw = torch.randn(2, 3, 4, 6)
    flipped = head.flip(raw, direction)
    assert torch.equal(head.flip(flipped, direction), raw)
    mirrored = raw.flip(3 if axis == 0 else 2)
    for channel in range(3):
        sign = -1 if channel == axis else 1
        assert torch.equal(flipped[:, channel], sign * mirrored[:, channel])


@pytest.mark.parametrize("angle", [0.0, 1e-3, 0.3, math.pi / 2, math.pi])
def test_distance_is_one_minus_cosine(decoder_config, angle):
    student = pixels([math.sin(angle), 0.0, -math.cos(angle)])
    distance = NormalHead(decoder_config()).distance(student, pixels([0.0, 0.0, -1.0]))
    # 1e-3 rad: 5e-7, of which 1 - cos in float32 would keep one digit
    expected = 2 * math.sin(angle / 2) ** 2
    assert distance.item() == pytest.approx(expected, rel=1e-5, abs=1e-12)


def test_groups_by_the_mean_of_the_three_channels(decoder_config):
    teacher = pixels([0.0, 0.0, -1.0], [0.6, 0.0, -0.8], [0.6, 0.8, 0.0])  # sums -1, -0.2, 1.4
    head = NormalHead(decoder_config())
    assert head.groups(teacher)[0, 0].tolist() == [0, 0, 1]
    assert head.groups(teacher, bins=4)[0, 0].tolist() == [0, 1, 3]
