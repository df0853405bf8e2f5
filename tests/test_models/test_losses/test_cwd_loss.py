import math

import pytest
import torch

from mmlhl.models.losses.cwd_loss import CWDLoss


def test_value_by_hand():
    # One channel over three pixels, the last ignored: teacher 3/4 and 1/4, student 1/2 and 1/2.
    teacher = torch.tensor([math.log(3), 0.0, 5.0]).view(1, 1, 1, 3)
    student = torch.tensor([0.0, 0.0, 7.0]).view(1, 1, 1, 3)
    label = torch.tensor([[[0, 1, 255]]])
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    loss = CWDLoss(tau=1, loss_weight=1)
    assert loss(student, teacher, label)["loss_cwd"].item() == pytest.approx(expected)
    # A second channel in which they agree (up to a constant) halves the mean over channels.
    student = torch.cat([student, teacher + 3], dim=1)
    teacher = teacher.repeat(1, 2, 1, 1)
    assert loss(student, teacher, label)["loss_cwd"].item() == pytest.approx(expected / 2)
    weighted = CWDLoss(tau=2, loss_weight=3)(2 * student, 2 * teacher, label)["loss_cwd"]
    assert weighted.item() == pytest.approx(3 * 4 * expected / 2)


def test_gradient():
    student = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    CWDLoss(tau=4, loss_weight=1)(student, teacher, torch.zeros(1, 3, 3))["loss_cwd"].backward()
    difference = (student.flatten(2) / 4).softmax(2) - (teacher.flatten(2) / 4).softmax(2)
    torch.testing.assert_close(student.grad.flatten(2), 4 / 2 * difference.detach())
    assert teacher.grad is None


def test_adapter_only_where_channels_differ():
    assert not list(CWDLoss(student_channels=4, teacher_channels=4).parameters())
    loss = CWDLoss(student_channels=4, teacher_channels=6)
    student, teacher = torch.randn(2, 4, 4, 4), torch.randn(2, 6, 2, 2)
    loss(student, teacher, torch.zeros(2, 8, 8))["loss_cwd"].backward()
    assert all(p.grad.isfinite().all() for p in loss.parameters())


def test_half_precision_and_ignored():
    student = torch.randn(2, 3, 4, 4, dtype=torch.float16).requires_grad_()
    teacher = 1e4 * torch.randn(2, 3, 4, 4, dtype=torch.float16)
    label = torch.zeros(2, 4, 4, dtype=torch.long)
    label[0] = 255
    loss = CWDLoss()
    value = loss(student, teacher, label)["loss_cwd"]
    alone = loss(student[1:], teacher[1:], label[1:])["loss_cwd"]
    assert value.isfinite() and value.item() == pytest.approx(alone.item())
    zero = loss(student, teacher, label.fill_(255))["loss_cwd"]
    (value + zero).backward()
    assert zero.item() == 0 and student.grad.isfinite().all() and (student.grad[0] == 0).all()


def test_wrong_temperature():
    with pytest.raises(ValueError, match="tau"):
        CWDLoss(tau=-1)
