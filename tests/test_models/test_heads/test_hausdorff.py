"""mmseg's loss of the Hausdorff distance compares class by class."""

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.heads import SegmentationHead
from mmlhl.models.heads.hausdorff import hausdorff_loss, inner_distances

DECODER = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1)
NAME = "HuasdorffDisstanceLoss"


def case(classes, seed=0):
    torch.manual_seed(seed)
    return torch.randn(2, classes, 6, 8, dtype=torch.float64), torch.randint(classes, (2, 6, 8))


def test_two_classes_as_in_mmseg():
    logits, label = case(2)
    loss = MODELS.build(dict(type=NAME, loss_weight=3.0))
    ours = hausdorff_loss(loss, logits, label, label >= 0)
    torch.testing.assert_close(ours, loss(logits, label), rtol=1e-6, atol=0)


def test_the_order_of_further_classes_does_not_matter():
    logits, label = case(4)
    loss = MODELS.build(dict(type=NAME))
    value = hausdorff_loss(loss, logits, label, label >= 0)
    order = torch.tensor([0, 3, 1, 2])
    other = hausdorff_loss(loss, logits[:, order], order.argsort()[label], label >= 0)
    torch.testing.assert_close(other, value)
    assert loss(logits[:, order], order.argsort()[label]) != loss(logits, label)  # mmseg's own


def test_a_perfect_prediction_of_many_classes_costs_nothing():
    _, label = case(4)
    logits = torch.nn.functional.one_hot(label, 4).movedim(-1, 1) * 50.0
    loss = MODELS.build(dict(type=NAME))
    assert hausdorff_loss(loss, logits, label, label >= 0) < 1e-12
    assert loss(logits, label) > 0.1  # mmseg's own, since ids above 1 are no probabilities


def test_weights_of_classes_and_pixels_that_do_not_count():
    logits, label = case(3)
    seen = torch.rand(2, 6, 8) > 0.3
    plain = [0.0, 0.0]
    for index, weights in enumerate(([9.0, 1.0, 0.0], [9.0, 0.0, 1.0])):
        loss = MODELS.build(dict(type=NAME, class_weight=weights))
        plain[index] = hausdorff_loss(loss, logits, label, seen)
    loss = MODELS.build(dict(type=NAME, class_weight=[0.0, 2.0, 5.0]))
    value = hausdorff_loss(loss, logits, label, seen)
    torch.testing.assert_close(value, 2 * plain[0] + 5 * plain[1])
    changed = torch.where(seen[:, None], logits, torch.randn_like(logits))
    torch.testing.assert_close(hausdorff_loss(loss, changed, label, seen), value)


def test_distances():
    mask = torch.tensor([[[0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]]) > 0
    expected = [[0, 1, 2, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    assert inner_distances(mask)[0].tolist() == expected
    assert inner_distances(mask & False).sum() == 0


@pytest.mark.parametrize("classes", [2, 5])
def test_a_head_learns_by_it(classes):
    torch.manual_seed(0)
    head = SegmentationHead(DECODER, classes, loss=dict(type=NAME))
    gt = torch.randint(classes, (1, 1, 8, 8))
    raw = torch.zeros(1, classes, 8, 8, requires_grad=True)
    optimiser = torch.optim.Adam([raw], lr=0.5)
    first = head.loss_by_map(raw, gt)["loss_huasdorff_disstance"]
    for _ in range(60):
        optimiser.zero_grad()
        head.loss_by_map(raw, gt)["loss_huasdorff_disstance"].backward()
        optimiser.step()
    assert head.loss_by_map(raw, gt)["loss_huasdorff_disstance"] < 0.1 * first
