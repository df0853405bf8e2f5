import math

import pytest
import torch

from mmlhl.models.heads import DepthHead


def row(*values):
    return torch.tensor(values).view(1, 1, 1, -1)


def test_l1_over_measured_pixels_by_hand(decoder_config):
    head = DepthHead(decoder_config())
    # zero and negative are unmeasured, as NaN is
    gt = row(1.0, 3.0, 0.0, -1.0, float("nan"), float("inf"))
    assert head.measured(gt)[0, 0].tolist() == [True, True, False, False, False, False]
    value = head.loss_by_map(row(2.0, 0.0, 50.0, 50.0, 50.0, 50.0), gt)["loss_l1"]
    assert value.item() == pytest.approx((1 + 3) / 2)


@pytest.mark.parametrize(
    ("activation", "options", "expected"),
    [
        (None, {}, [-1.0, 0.0, 2.0]),
        ("relu", {}, [0.0, 0.0, 2.0]),
        ("softplus", {}, [math.log1p(math.exp(v)) for v in (-1, 0, 2)]),
        ("exp", {}, [math.exp(v) for v in (-1, 0, 2)]),
        ("sigmoid", dict(max_depth=10.0), [10 / (1 + math.exp(-v)) for v in (-1, 0, 2)]),
    ],
)
def test_activations(decoder_config, activation, options, expected):
    head = DepthHead(decoder_config(), activation=activation, **options)
    pred = head.activate(row(-1.0, 0.0, 2.0), (1, 3))
    torch.testing.assert_close(pred, row(*expected))


def test_the_loss_sees_the_activated_map(decoder_config):
    head = DepthHead(decoder_config(), activation="exp")
    assert head.loss_by_map(row(0.0), row(3.0))["loss_l1"].item() == pytest.approx(2.0)


def test_silog_is_scale_invariant_within_each_image(decoder_config):
    loss = dict(type="SiLogLoss", loss_weight=2.0)
    head = DepthHead(decoder_config(), loss=loss, activation="exp")
    raw = torch.tensor([[2.0, 8.0, 9.0], [1.0, 3.0, 1.0], [1.0, 1.0, 1.0]]).log().view(3, 1, 1, 3)
    nan = float("nan")
    gt = torch.tensor([[1.0, 2.0, nan], [2.0, 6.0, 2.0], [nan, nan, nan]]).view(3, 1, 1, 3)
    raw.requires_grad_()
    value = head.loss_by_map(raw, gt)["loss_silog"]
    # logs of the ratios: (1, 2) ln 2 and (1, 1, 1) ln 2; the third image has no measured pixel
    first = math.sqrt(2.5 - 0.5 * 1.5**2) * math.log(2)
    second = math.sqrt(0.5) * math.log(2)
    assert value.item() == pytest.approx(2 * (first + second) / 2, rel=1e-5)
    value.backward()
    assert raw.grad.isfinite().all()
    assert (raw.grad[2] == 0).all() and raw.grad[0, 0, 0, 2] == 0


def test_distance_and_groups_by_hand(decoder_config):
    head = DepthHead(decoder_config(), delta=0.25)
    teacher = row(1.0, 2.0, 3.0, 5.0)
    assert head.distance(row(1.5, 2.0, 0.0, 5.0), teacher)[0, 0].tolist() == [0.5, 0.0, 3.0, 0.0]
    assert head.groups(teacher)[0, 0].tolist() == [0, 0, 1, 1]
    assert head.groups(teacher, bins=4)[0, 0].tolist() == [0, 1, 2, 3]
    valid = torch.tensor([[[True, True, True, False]]])
    assert head.groups(teacher, valid)[0, 0, :3].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(activation="tanh"), "'tanh'"),
        (dict(activation="sigmoid"), "max_depth goes with"),
        (dict(max_depth=10.0), "max_depth goes with"),
    ],
)
def test_wrong_options(decoder_config, options, message):
    with pytest.raises(ValueError, match=message):
        DepthHead(decoder_config(), **options)
