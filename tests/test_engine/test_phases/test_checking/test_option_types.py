"""Options of another type than a class expects, for classes of mmengine, torch and mmlhl."""

import math

import pytest
import torch
from mmengine import hooks
from mmengine.optim import scheduler
from mmengine.runner import EpochBasedTrainLoop
from mmseg.engine.schedulers import PolyLRRatio
from mmseg.evaluation import IoUMetric
from mmseg.models import FCNHead, ResNet
from torch.utils.data import DataLoader

from mmlhl.engine.phases.checking.option_types import check_types
from mmlhl.evaluation.metrics import DepthErrorMetric
from mmlhl.models.methods import HAD, SGP


class Own(hooks.Hook):
    """A hook of a user."""

    def __init__(self, limit: float = 1.0) -> None:
        self.limit = limit


REFUSED = [
    (hooks.CheckpointHook, dict(by_epoch=2), "x.by_epoch must be True or False, got 2"),
    (hooks.CheckpointHook, dict(interval=None), "x.interval must be a whole number, got None"),
    (hooks.CheckpointHook, dict(save_begin=1.5), "x.save_begin must be a whole number"),
    (hooks.CheckpointHook, dict(filename_tmpl=3), "x.filename_tmpl must be one string"),
    (hooks.CheckpointHook, dict(published_keys=3), "x.published_keys must be one string or a list"),
    (hooks.CheckpointHook, dict(backend_args="local"), "x.backend_args must be a dict"),
    (hooks.EarlyStoppingHook, dict(patience=[5]), "x.patience must be a whole number"),
    (hooks.EarlyStoppingHook, dict(min_delta=math.inf), "x.min_delta is inf; write a finite"),
    (hooks.EMAHook, dict(begin_epoch=True), "x.begin_epoch must be a whole number, got True"),
    (scheduler.PolyLR, dict(power=True), "x.power must be a number, got True"),
    (PolyLRRatio, dict(eta_min_ratio="0.03"), "x.eta_min_ratio must be a number, got '0.03'"),
    (scheduler.PolyLR, dict(power=math.inf), "x.power is inf"),
    (scheduler.CosineRestartLR, dict(eta_min="3"), "x.eta_min must be a number, got '3'"),
    (scheduler.OneCycleLR, dict(three_phase=[]), r"x.three_phase must be True or False, got \[\]"),
    (scheduler.ReduceOnPlateauLR, dict(cooldown=None), "x.cooldown must be a whole number"),
    (EpochBasedTrainLoop, dict(val_begin=[1]), "x.val_begin must be a whole number"),
    (torch.optim.SGD, dict(nesterov="yes"), "x.nesterov must be True or False, got 'yes'"),
    (DataLoader, dict(drop_last=3), "x.drop_last must be True or False, got 3"),
    (DataLoader, dict(pin_memory={}), "x.pin_memory must be True or False"),
    (FCNHead, dict(concat_input=[]), "x.concat_input must be True or False"),
    (FCNHead, dict(dropout_ratio="0.1"), "x.dropout_ratio must be a number, got '0.1'"),
    (FCNHead, dict(num_convs=True), "x.num_convs must be a number, got True"),
    (ResNet, dict(frozen_stages=True), "x.frozen_stages must be a number, got True"),
    (HAD, dict(loss="HADLoss"), "x.loss must be a dict, got 'HADLoss'"),
    (HAD, dict(loss_weight=[3.0]), r"x.loss_weight must be a number, got \[3.0\]"),
    (SGP, dict(alpha=math.inf), "x.alpha is inf; write a finite number"),
    (DepthErrorMetric, dict(max_depth=True), "x.max_depth must be a number, got True"),
]


@pytest.mark.parametrize(("cls", "options", "message"), REFUSED)
def test_refused(cls, options, message):
    with pytest.raises(ValueError, match=message):
        check_types(cls, options, "x")


TAKEN = [
    (hooks.CheckpointHook, dict(by_epoch=1, save_best=["a"], out_dir=None, filename_tmpl="e{}")),
    (scheduler.LinearLR, dict(begin=0, end=math.inf, start_factor=1)),
    (scheduler.MultiStepLR, dict(milestones=(1, 2))),
    (torch.optim.Adam, dict(lr=1, betas=[0.9, 0.99], foreach=None)),
    (FCNHead, dict(in_index=[0, 1], channels="8", dropout_ratio=0)),  # it may mean something
    (HAD, dict(bins=None, loss=dict(type="HADLoss"))),
    (DepthErrorMetric, dict(max_depth=math.inf)),
    (Own, dict(limit=math.inf)),  # one's own class may mean that there is no limit
    (PolyLRRatio, dict(eta_min_ratio=0.03)),  # of mmseg's own schedule_25k.py
    (IoUMetric, dict(beta=0.5, nan_to_num=0.0)),
]


@pytest.mark.parametrize(("cls", "options"), TAKEN)
def test_taken(cls, options):
    check_types(cls, options, "x")
