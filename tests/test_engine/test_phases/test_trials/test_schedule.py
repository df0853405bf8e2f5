"""Schedules that act only after the end of a phase are refused, or said."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper, _ParamScheduler

from mmlhl.engine.phases.trials import schedule as trial_schedule
from mmlhl.engine.phases.trials.schedule import try_schedules


def followed(monkeypatch, *schedules, epochs=4, batches=3):
    """Warnings about schedules in a phase of a few epochs."""
    said = []
    monkeypatch.setattr(trial_schedule, "print_log", lambda text, *_: said.append(text))
    loop = dict(type="EpochBasedTrainLoop", max_epochs=epochs)
    cfg = Config(dict(train_cfg=loop, param_scheduler=list(schedules)))
    weights = [torch.nn.Parameter(torch.zeros(1))]
    wrapper = OptimWrapper(torch.optim.SGD(weights, lr=1.0))
    try_schedules(cfg, wrapper, batches, epochs * batches, "phases[0]")
    return said


@pytest.mark.parametrize(
    "schedule",
    [
        dict(type="PolyLR", begin=4, end=10),
        dict(type="LinearLR", begin=12, end=20, by_epoch=False),
        dict(type="PolyLR", begin=5, end=9, convert_to_iter_based=True),
        dict(type="ExponentialLR", begin=6, gamma=0.9),
    ],
)
def test_one_that_begins_after_the_phase_is_refused(monkeypatch, schedule):
    says = r"begins at \d+, but training takes (4 epoch|12 iteration)\(s\), so it would"
    with pytest.raises(ValueError, match=rf"param_scheduler\[0\] \({schedule['type']}\) {says}"):
        followed(monkeypatch, schedule)


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        (dict(type="MultiStepLR", milestones=[5, 8]), "changes nothing before 5, but"),
        (dict(type="MultiStepLR", milestones=[4]), "changes nothing before 4, but"),
        (dict(type="StepLR", step_size=9), "changes nothing before 9, but"),
        (dict(type="StepLR", step_size=40, by_epoch=False), "changes nothing before 40, but"),
        (dict(type="PolyLR", end=20), "ends at 20, but training takes 4 epoch"),
        (dict(type="CosineAnnealingLR", T_max=8, end=8), "ends at 8, but"),
        (dict(type="LinearLR", end=500, by_epoch=False), "ends at 500, but training takes 12 it"),
        (dict(type="PolyLR", end=8, convert_to_iter_based=True), "ends at 24, but"),
        (dict(type="CosineAnnealingLR", T_max=8), "ends at 8, but"),
        (dict(type="OneCycleLR", eta_max=1.0, total_steps=40, by_epoch=False), "ends at 40, but"),
    ],
)
def test_one_that_acts_only_later_is_said(monkeypatch, schedule, says):
    (said,) = followed(monkeypatch, schedule)
    assert said.startswith(f"phases[0]: param_scheduler[0] ({schedule['type']}) {says}")


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        (
            dict(type="PolyLR", end=2),
            "ends at 2, but the phase takes 4 epoch(s): the learning rate",
        ),
        # epochs were meant
        (dict(type="PolyLR", end=4, by_epoch=False), "ends at 4, but the phase takes 12 iteration"),
        (dict(type="PolyLR", end=3, convert_to_iter_based=True), "ends at 9, but"),
        (dict(type="CosineAnnealingLR", T_max=2, end=2), "ends at 2, but"),
        (dict(type="CosineAnnealingLR", T_max=2), "has T_max=2, but the phase takes 4 epoch(s)"),
        (dict(type="CosineAnnealingLR", begin=1, T_max=1, end=4), "has T_max=1, but"),
        (dict(type="LinearLR", start_factor=1.0, end_factor=0.01, end=2), "ends at 2, but"),
        (dict(type="OneCycleLR", eta_max=1.0, total_steps=6, end=6, by_epoch=False), "ends at 6,"),
    ],
)
def test_a_fall_that_is_over_long_before_the_phase_is_said(monkeypatch, schedule, says):
    (said,) = followed(monkeypatch, schedule)
    assert said.startswith(f"phases[0]: param_scheduler[0] ({schedule['type']}) {says}")


@pytest.mark.parametrize(
    "then",
    [
        dict(type="ConstantLR", begin=2, end=4),
        dict(type="MultiStepLR", milestones=[3]),
        dict(type="CosineAnnealingLR", begin=2),
        dict(type="LinearLR", begin=6, end=12, by_epoch=False),
    ],
)
def test_a_fall_may_be_followed_by_another_schedule(monkeypatch, then):
    assert followed(monkeypatch, dict(type="PolyLR", end=2), then) == []


def test_a_fall_of_a_long_phase(monkeypatch):
    schedule = dict(type="PolyLR", end=20000, by_epoch=False)  # with the base's length
    (said,) = followed(monkeypatch, schedule, epochs=40, batches=1000)
    assert "ends at 20000, but the phase takes 40000 iteration(s)" in said
    warmup = dict(type="LinearLR", end=1500, by_epoch=False)
    fall = dict(type="PolyLR", begin=1500, end=39000, by_epoch=False)
    assert followed(monkeypatch, warmup, fall, epochs=40, batches=1000) == []


@pytest.mark.parametrize(
    "schedule",
    [
        dict(type="MultiStepLR", milestones=[3, 8]),
        dict(type="StepLR", step_size=3),
        # the end is that of the phase
        dict(type="CosineAnnealingLR", begin=1),
        dict(type="CosineAnnealingLR", T_max=4, convert_to_iter_based=True),
        dict(type="PolyLR", by_epoch=False),
        dict(type="LinearLR", convert_to_iter_based=True),
        dict(type="OneCycleLR", eta_max=1.0, by_epoch=False),
        # the user's own
        dict(type="CosineAnnealingLR", T_max=8, end=4),
        dict(type="PolyLR", end=4),
        dict(type="PolyLR", end=4, convert_to_iter_based=True),
        dict(type="CosineAnnealingLR", T_max=4),
        dict(type="LinearLR", end=12, by_epoch=False),
        dict(type="ConstantLR", end=100),
        dict(type="ExponentialLR", gamma=0.9),
    ],
)
def test_sound_ones(monkeypatch, schedule):
    assert followed(monkeypatch, schedule) == []


class Duck:
    """A user's own schedule that shares no class with mmengine's."""

    def __init__(self, optimizer, by_epoch=None, epoch_length=None, end=None):
        if by_epoch is not None:
            self.by_epoch = by_epoch

    def step(self):
        """As mmengine's hook calls it."""


class Waiting(_ParamScheduler):
    """A user's own schedule: 0 until some step."""

    def __init__(self, optimizer, until, **kwargs):
        self.until = until
        super().__init__(optimizer, "lr", **kwargs)

    def _get_value(self):
        return [float(self.last_step >= self.until) for _ in self.optimizer.param_groups]


def test_schedules_of_ones_own(monkeypatch):
    assert followed(monkeypatch, dict(type=Duck, by_epoch=True)) == []
    with pytest.raises(ValueError, match=r"\(Duck\) has no by_epoch, .*: derive it from a class"):
        followed(monkeypatch, dict(type=Duck))


def test_a_momentum_that_the_optimiser_has_not(monkeypatch):
    with pytest.raises(ValueError, match="momentum is 0 in each of 4 steps, so this would change"):
        followed(monkeypatch, dict(type="LinearMomentum", start_factor=0.5))


def test_a_rate_of_nothing(monkeypatch):
    assert followed(monkeypatch, dict(type=Waiting, until=3)) == []
    with pytest.raises(ValueError, match=r"\(Waiting\): lr is 0 in each of 4 steps, so nothing"):
        followed(monkeypatch, dict(type=Waiting, until=4))
    long = trial_schedule.STEPS + 1
    assert followed(monkeypatch, dict(type=Waiting, until=long), epochs=long) == []
