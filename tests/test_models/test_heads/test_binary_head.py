import math

import pytest
import torch

from mmlhl.models.heads import BinaryHead


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


def test_autocast_does_not_refuse_it(head):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head.distance(row(0.3), row(0.6)).isfinite().all()


def test_groups_and_pseudo_labels(decoder_config, head):
    teacher = row(0.1, 0.5, 0.6, 0.95)
    assert torch.equal(head.pseudo_label(teacher), teacher)
    assert head.groups(teacher)[0, 0].tolist() == [0, 0, 1, 1]
    assert head.groups(teacher, bins=5).max() == 4
    hard = BinaryHead(decoder_config(), "saliency_map", delta=0.7, hard_pseudo_label=True)
    assert hard.pseudo_label(teacher)[0, 0, 0].tolist() == [0, 0, 0, 1]
