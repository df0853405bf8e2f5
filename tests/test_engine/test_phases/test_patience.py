"""Patience is counted in validations and follows their number in a phase."""

import copy

import pytest
from mmengine.config import Config
from mmengine.hooks import EarlyStoppingHook
from mmengine.optim.scheduler import ReduceOnPlateauParamScheduler

from mmlhl.engine.phases import Phase, patience
from mmlhl.engine.phases.grammar import merged_config

EPOCHS = dict(by_epoch=True, max_epochs=20)
PLATEAU = dict(type="ReduceOnPlateauLR", monitor="a/mIoU", patience=4, cooldown=2)
STOP = dict(type=EarlyStoppingHook, monitor="a/mIoU")  # mmengine's patience is 5
ENTRIES = dict(param_scheduler=[dict(PLATEAU)], custom_hooks=[dict(STOP)], model=dict(heads={}))


def followed(own, train_cfg=EPOCHS, **changes):
    """Patience and cooldown of the schedule, and patience of the hook, in a phase."""
    sequence = Config(copy.deepcopy({**ENTRIES, "train_cfg": train_cfg, **changes}))
    cfg = merged_config(sequence, Phase(0, ("a",), ("a",), "a", own))
    patience.follow_patience(cfg, sequence, own)
    schedule = cfg.param_scheduler
    schedule = schedule if isinstance(schedule, dict) else schedule[0]
    return schedule.patience, schedule.cooldown, cfg.custom_hooks[0].get("patience")


@pytest.mark.parametrize(
    ("train_cfg", "expected"),
    [
        (dict(max_epochs=20), (4, 2, None)),
        (dict(max_epochs=10), (2, 1, 2)),
        (dict(max_epochs=2), (1, 1, 1)),
        (dict(max_epochs=80), (16, 8, 20)),
        (dict(max_epochs=80, val_interval=4), (4, 2, None)),
        (dict(by_epoch=False, max_iters=4000, val_interval=100), (8, 4, 10)),
        (dict(by_epoch=False, max_iters=4000), (1, 1, 1)),  # each 1000 iterations
    ],
)
def test_patience_keeps_its_share_of_the_validations(train_cfg, expected):
    assert followed(dict(train_cfg=train_cfg)) == expected


def test_own_patience_and_patience_0_stay():
    half = dict(max_epochs=10)
    own = dict(train_cfg=half, param_scheduler=[dict(PLATEAU)], custom_hooks=[dict(STOP)])
    assert followed(own) == (4, 2, None)
    own = dict(train_cfg=half, param_scheduler=dict(patience=3))
    assert followed(own, param_scheduler=dict(PLATEAU))[:2] == (3, 1)
    at_once = dict(type="mmengine.ReduceOnPlateauLR", monitor="a/mIoU", patience=0)
    assert followed(dict(train_cfg=half), param_scheduler=[dict(at_once, cooldown=0)])[:2] == (0, 0)


@pytest.mark.parametrize(("validations", "says"), [(5, True), (6, False)])
def test_patience_that_outlasts_the_phase_is_said(validations, says, monkeypatch):
    said = []
    monkeypatch.setattr(patience, "print_log", lambda text, *_: said.append(text))
    plateau = dict(type=ReduceOnPlateauParamScheduler, param_name="lr", patience=4)
    train = dict(by_epoch=True, max_epochs=3 * validations, val_interval=3)
    cfg = dict(train_cfg=train, val_cfg={}, param_scheduler=plateau)
    patience.warn_of_patience(cfg, "phases[1]: ")
    text = (
        "phases[1]: param_scheduler (ReduceOnPlateauParamScheduler) waits for 4 validations "
        "without an improvement, but the phase has 5: it will not act"
    )
    assert said == [text] * says
