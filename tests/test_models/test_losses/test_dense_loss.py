import math

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.losses import DenseBCELoss, DenseCosineLoss, DenseL1Loss


def test_l1_is_the_mean_over_pixels_and_channels():
    pred, target = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 4.0]])
    assert DenseL1Loss()(pred, target).item() == pytest.approx(7 / 4)
    assert DenseL1Loss(loss_weight=2.0)(pred, target).item() == pytest.approx(7 / 2)


def test_cosine_needs_no_unit_prediction():
    pred = torch.tensor([[0.0, 0.0, 5.0], [3.0, 0.0, 4.0]])
    target = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    assert DenseCosineLoss()(pred, target).item() == pytest.approx((0 + 0.2) / 2)
    assert DenseCosineLoss(loss_weight=3.0)(pred, -target).item() == pytest.approx(3 * 1.9)


def test_bce_weighs_positive_pixels():
    logit, target = torch.zeros(2, 1), torch.tensor([[1.0], [0.0]])
    assert DenseBCELoss()(logit, target).item() == pytest.approx(math.log(2))
    weighted = DenseBCELoss(pos_weight=19.0)(logit, target)
    assert weighted.item() == pytest.approx((19 + 1) / 2 * math.log(2))


@pytest.mark.parametrize("name", ["DenseL1Loss", "DenseCosineLoss", "DenseBCELoss"])
def test_registered_with_name_and_weight(name):
    loss = MODELS.build(dict(type=name, loss_weight=0.0, loss_name="loss_other"))
    assert loss.loss_name == "loss_other"
    pred = torch.rand(4, 3, requires_grad=True)
    value = loss(pred, torch.ones(4, 3))
    value.backward()
    assert value.item() == 0 and (pred.grad == 0).all()
    assert MODELS.build(dict(type=name)).loss_name.startswith("loss_")
