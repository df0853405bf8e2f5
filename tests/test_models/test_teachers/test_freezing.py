from copy import deepcopy

import pytest
import torch
from torch import nn

from mmlhl.models.teachers import FrozenModels, freeze


class Student(FrozenModels, nn.Module):
    def __init__(self, teacher=None):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.attach_frozen("_teacher", teacher)


@pytest.fixture
def teacher():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))


def test_freeze(teacher):
    assert freeze(teacher) is teacher
    assert not any(module.training for module in teacher.modules())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_frozen_module_is_hidden(teacher):
    student, plain = Student(teacher), Student()
    assert student._teacher is teacher
    assert student.state_dict().keys() == plain.state_dict().keys()
    assert len(list(student.parameters())) == 2
    assert [name for name, _ in student.named_modules()] == ["", "layer"]
    student.train()
    student.requires_grad_(True)
    assert not teacher.training
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_follows_casts_and_devices_also_inside_another_module(teacher):
    outer = nn.Sequential(Student(teacher))
    outer.double()
    assert teacher[0].weight.dtype == torch.float64
    outer.to("meta")
    assert teacher[1].running_mean.device.type == "meta"


def test_deep_copy_shares_it_and_copies_the_rest(teacher):
    student = Student(teacher)
    copies = deepcopy([student, student])
    copy = copies[0]
    assert copies[1] is copy
    assert copy._teacher is teacher and copy.frozen_models == {"_teacher": teacher}
    assert copy.layer.weight is not student.layer.weight
    assert torch.equal(copy.layer.weight, student.layer.weight)
    copy.attach_frozen("_teacher", None)
    assert student._teacher is teacher and student.frozen_models


def test_replace_and_detach(teacher):
    student = Student(teacher)
    other = nn.Linear(1, 1)
    student.attach_frozen("_teacher", other)
    student.double()
    assert other.weight.dtype == torch.float64 and teacher[0].weight.dtype == torch.float32
    student.attach_frozen("_teacher", None)
    assert student._teacher is None and student.frozen_models == {}


def test_name_in_use(teacher):
    with pytest.raises(ValueError, match="'layer'"):
        Student().attach_frozen("layer", teacher)
