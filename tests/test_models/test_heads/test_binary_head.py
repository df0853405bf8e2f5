import math

import pytest
import torch

from mmlhl.models.heads import BinaryHead
from mmlhl.models.methods import HAD, LwF


def row(*values):
    return torch.tensor(values).view(1, 1, 1, -1)


@pytest.fixture
def head(decoder_config):
    return BinaryHead(decoder_config(), "saliency_map")


def test_cross_entropy_on_logits_by_hand(head):
    gt = torch.tensor([1, 0, 255]).view(1, 1, 1, 3)
    value = head.loss_by_map(row(math.log(3.0), 0.0, 80.0), gt)["loss_bce"]
    assert value.item() == pytest.approx((-math.log(0.75) + math.log(2)) / 2)


def test_probability(head):
    torch.testing.assert_close(head.activate(row(math.log(3.0), 0.0), (1, 2)), row(0.75, 0.5))


def test_distance_is_the_divergence_of_two_coins(head):
    student, teacher = row(0.25, 0.5, 0.75), row(0.75, 0.5, 1.0)
    expected = [0.75 * math.log(3) + 0.25 * math.log(1 / 3), 0.0, -math.log(0.75)]
    assert head.distance(student, teacher)[0, 0].tolist() == pytest.approx(expected, abs=1e-6)


def test_extreme_probabilities_are_finite(head):
    student = row(0.0, 1.0, 0.0, 1.0).requires_grad_()
    distance = head.distance(student, row(1.0, 0.0, 0.0, 1.0))
    distance.sum().backward()
    assert distance.isfinite().all() and student.grad.isfinite().all()
    assert (distance[0, 0, :2] > 10).all() and (distance[0, 0, 2:] < 1e-5).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("logit", [-100.0, -50.0, -20.0, -14.0, -3.0, 3.0, 14.0, 20.0, 50.0, 100.0])
def test_no_pixel_saturates(head, dtype, logit):
    """The gradient of a wrong pixel is p - q, however far its logit is."""
    sign = 1.0 if logit > 0 else -1.0
    probability = torch.tensor(abs(logit), dtype=torch.float64).sigmoid().item()
    for weight, teacher in ((probability, 0.0), (probability - 0.3, 0.3)):
        raw = row(logit).to(dtype).requires_grad_()
        message = row(teacher if logit > 0 else 1 - teacher)
        distance = head.distance(head.activate(raw, (1, 1)), head.pseudo_label(message))
        distance.sum().backward()
        assert distance.item() > 0.02 and distance.isfinite().all()
        assert raw.grad.item() == pytest.approx(
            sign * weight, rel=1e-2 if dtype.itemsize < 4 else 1e-5
        )
    for method in (HAD(loss_weight=1.0), LwF(loss_weight=1.0)):
        raw = row(logit, 0.3).to(dtype).requires_grad_()
        student = head.activate(raw, (1, 2))
        valid = torch.ones(1, 1, 2, dtype=torch.bool)
        teacher = row(float(logit < 0), 0.5 + 0.1 * sign)  # one pixel a group
        sum(method.distill(head, student, teacher, valid).values()).backward()
        assert raw.grad[..., 0].item() * sign > 0.05
    raw = row(logit).to(dtype).requires_grad_()
    loss = head.loss_by_map(raw, torch.full((1, 1, 1, 1), int(logit < 0)))["loss_bce"]
    loss.backward()
    assert raw.grad.item() == pytest.approx(sign * probability, rel=1e-2)


@pytest.mark.parametrize("logit", [-120.0, -40.0, 40.0, 120.0])
def test_no_pixel_saturates_with_other_losses_of_logits(decoder_config, logit):
    for loss in (dict(type="FocalLoss"), dict(type=torch.nn.BCEWithLogitsLoss)):
        raw = row(logit, 0.3).requires_grad_()
        gt = torch.tensor([int(logit < 0), 1]).view(1, 1, 1, 2)
        head = BinaryHead(decoder_config(), "saliency_map", loss=loss)
        sum(head.loss_by_map(raw, gt).values()).backward()
        assert raw.grad[..., 0].item() * logit > 1e-3 * abs(logit)


@pytest.mark.parametrize(
    "loss",
    ["CrossEntropyLoss", "DiceLoss", "TverskyLoss", "SiLogLoss", torch.nn.CrossEntropyLoss],
)
def test_losses_without_gradient_are_refused(decoder_config, loss):
    name = loss if isinstance(loss, str) else loss.__name__
    with pytest.raises(ValueError, match=f"BinaryHead: .*{name}.*DenseBCELoss"):
        BinaryHead(decoder_config(), "saliency_map", loss=dict(type=loss))


def test_the_prediction_itself_is_the_plain_sigmoid(head):
    raw = row(-120.0, -1.0, 0.0, 30.0)
    assert torch.equal(head.activate(raw, (1, 4)), raw.sigmoid())
    trained = head.activate(raw.clone().requires_grad_(), (1, 4))
    assert torch.equal(trained, raw.sigmoid()) and trained.requires_grad


def test_loss_works_under_autocast(head):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head.distance(row(0.3), row(0.6)).isfinite().all()


def test_groups_and_pseudo_labels(decoder_config, head):
    teacher = row(0.1, 0.5, 0.6, 0.95)
    assert torch.equal(head.pseudo_label(teacher), teacher)
    assert head.groups(teacher)[0, 0].tolist() == [0, 0, 1, 1]
    assert head.groups(teacher, bins=5).max() == 4
    hard = BinaryHead(decoder_config(), "saliency_map", delta=0.7, hard_pseudo_label=True)
    assert hard.pseudo_label(teacher)[0, 0, 0].tolist() == [0, 0, 0, 1]
