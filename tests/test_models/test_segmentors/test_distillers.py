"""Losses between two segmentors are refused by their place in the config."""

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmlhl.models.losses import CWDLoss, HeteroAKDLoss, KDLoss
from mmlhl.models.segmentors.distillers import build_distiller, check_distillers, compared

KD = dict(type="KDLoss")
INFINITE = (float("nan"), float("inf"))


@pytest.mark.parametrize(
    ("distillers", "message"),
    [
        (KD, r"^model.distillers must be a list of dict\(type=...\), got \{'type': 'KDLoss'\}"),
        ([KD, "KDLoss"], r"^model.distillers\[1\] must be dict\(type=...\), got 'KDLoss'"),
        ([dict(tau=1.0)], r"^model.distillers\[0\] must be dict"),
        ([KD, dict(KD, ignore_index=0)], r"distillers\[1\] \(KDLoss\) has ignore_index=0, .* 255"),
        ([dict(type=CWDLoss, ignore_index=None)], r"\(CWDLoss\) has ignore_index=None"),
    ],
)
def test_lists(distillers, message):
    with pytest.raises(ValueError, match=message):
        check_distillers(distillers, 255)
    check_distillers([KD, dict(KD, ignore_index=255)], 255)


def test_a_distilled_segmentor_checks_its_list(cnn_segmentor):
    config = dict(type="DistilledSegmentor", student=cnn_segmentor(), distillers=KD)
    with pytest.raises(ValueError, match="model.distillers must be a list"):
        MODELS.build(config)


@pytest.mark.parametrize("cls", [KDLoss, CWDLoss, HeteroAKDLoss])
@pytest.mark.parametrize("option", ["tau", "loss_weight"])
def test_temperatures_and_factors(cls, option):
    channels = dict(num_classes=3, student_channels=4, teacher_channels=4)
    others = channels if cls is HeteroAKDLoss else {}
    for value in (-1.0, "1", True, *INFINITE):
        with pytest.raises(ValueError, match=f"{cls.__name__}: {option} must be"):
            cls(**others, **{option: value})
    cls(**others, **{option: 2})
    cls(**others, loss_weight=0)  # a control, or without the pull beside its projectors


@pytest.mark.parametrize("value", [-0.5, "1", *INFINITE])
def test_the_weight_of_projectors(value):
    with pytest.raises(ValueError, match="HeteroAKDLoss: projector_weight must be"):
        HeteroAKDLoss(3, 4, 4, projector_weight=value)


@pytest.mark.parametrize("kind", ["CrossEntropyLoss", "DenseL1Loss", "HADLoss", "SiLogLoss"])
def test_losses_of_ground_truth_are_no_distillers(kind):
    with pytest.raises(ValueError, match=rf"^model.distillers\[2\] \({kind}\) takes \(.*KDLoss"):
        build_distiller(dict(type=kind), 2)


def test_options_that_are_refused_are_named():
    with pytest.raises(ValueError, match=r"^model.distillers\[1\] \(KDLoss\): TypeError.*taau"):
        build_distiller(dict(KD, taau=1), 1)


def test_maps_that_do_not_fit_are_named():
    student, teacher, label = torch.rand(2, 3, 4, 4), torch.rand(2, 5, 8, 8), torch.ones(2, 8, 8)
    with pytest.raises(ValueError, match=r"\[0\] \(KDLoss\): .*\(2, 3, 4, 4\).*\(2, 5, 8, 8\)"):
        compared(KDLoss(), 0, student, teacher, label)
    assert compared(KDLoss(), 0, student, teacher[:, :3], label)["loss_kd"] > 0

    class Bare(nn.Module):
        def forward(self, student, teacher, label):
            return student.sum()

    with pytest.raises(ValueError, match=r"\[3\] \(Bare\) gives a Tensor, not a dict"):
        compared(Bare(), 3, student, teacher, label)
