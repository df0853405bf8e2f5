import math

import pytest
import torch

from mmlhl.models.losses.kd_loss import KDLoss, pixel_kl


def test_value_by_hand():
    # Teacher 3/4 and 1/4 at the first pixel, student 1/2 and 1/2; the second pixel is ignored.
    teacher = torch.tensor([math.log(3), 0.0]).view(1, 2, 1, 1).repeat(1, 1, 1, 2)
    student = torch.zeros(1, 2, 1, 2)
    student[..., 1] = torch.tensor([9.0, -9.0])[None, :, None]
    label = torch.tensor([[[0, 255]]])
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert KDLoss(tau=1)(student, teacher, label)["loss_kd"].item() == pytest.approx(expected)
    # Logits and temperature doubled: the same distributions, times tau squared.
    doubled = KDLoss(tau=2, loss_weight=0.1)(2 * student, 2 * teacher, label)["loss_kd"]
    assert doubled.item() == pytest.approx(0.1 * 4 * expected)


def test_gradient_is_tau_times_the_difference_of_probabilities():
    student, teacher = torch.randn(2, 1, 3, 2, 2, dtype=torch.float64)
    student.requires_grad_()
    teacher.requires_grad_()
    pixel_kl(student, teacher, torch.ones(1, 2, 2, dtype=torch.bool), tau=4.0).backward()
    expected = 4 * ((student / 4).softmax(1) - (teacher / 4).softmax(1)) / 4
    torch.testing.assert_close(student.grad, expected.detach())
    assert teacher.grad is None


def test_other_grids_half_precision_and_all_ignored():
    student = torch.randn(2, 3, 4, 4, dtype=torch.float16).requires_grad_()
    teacher = 1e4 * torch.randn(2, 3, 8, 6, dtype=torch.float16)
    label = torch.zeros(2, 16, 16, dtype=torch.long)
    loss = KDLoss()(student, teacher, label)["loss_kd"]
    assert loss.dtype == torch.float32 and loss.isfinite() and loss > 0
    zero = KDLoss()(student, teacher, label + 255)["loss_kd"]
    (loss + zero).backward()
    assert zero.item() == 0 and student.grad.isfinite().all()


def test_wrong_temperature():
    with pytest.raises(ValueError, match="tau"):
        KDLoss(tau=0)
