"""Numbers in schedules, loops and loaders that mmengine and torch would take unchecked."""

import math
import re

import pytest
from mmengine.optim.scheduler import StepLR

from mmlhl.engine.phases.checking.values import check_values

LOOP = dict(type="EpochBasedTrainLoop", max_epochs=4)


def values(**changes):
    """A config with little else but these entries."""
    return dict(train_cfg=dict(LOOP), optim_wrapper=dict(optimizer=dict(lr=0.1)), **changes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(power=True), "power must be a number >= 0, got True"),
        (dict(eta_min="0"), "eta_min must be a number >= 0, got '0'"),
        (dict(factor=[0.5, 0]), "factor must be a number > 0, got [0.5, 0]"),
        (dict(patience=-1), "patience must be a whole number >= 0, got -1"),
        (dict(cooldown=1.5), "cooldown must be a whole number >= 0, got 1.5"),
        (dict(step_size=True), "step_size must be a whole number >= 1, got True"),
        (dict(periods=[1, -1]), "periods must be a list of whole numbers >= 1, got [1, -1]"),
        (dict(periods=3), "periods must be a list of whole numbers >= 1, got 3"),
        (dict(restart_weights=0.5), "restart_weights must be a list of numbers >= 0, one per per"),
        (dict(restart_weights=[1, False]), "restart_weights must be a list of numbers >= 0"),
        (dict(convert_to_iter_based="x"), "convert_to_iter_based must be True or False, got 'x'"),
    ],
)
def test_schedules(options, says):
    scheduler = dict(type="StepLR", **options)
    with pytest.raises(ValueError, match=r"param_scheduler\[0\]\." + re.escape(says)):
        check_values(values(param_scheduler=[scheduler]))


@pytest.mark.parametrize(
    ("scheduler", "name"),
    [
        *((dict(type=kind), "eta_max") for kind in ("OneCycleLR", "OneCycleParamScheduler")),
        (dict(type="OneCycleLR", eta_max=None, total_steps=4), "eta_max"),
        (dict(type="StepLR"), "step_size"),
        (dict(type="mmengine.StepMomentum", step_size=None), "step_size"),
        (dict(type="MultiStepLR", milestones=None), "milestones"),
        (dict(type="ExponentialLR"), "gamma"),
        (dict(type="CosineRestartLR", restart_weights=[1]), "periods"),
        (dict(type="PolyParamScheduler", end=4), "param_name"),
    ],
)
def test_schedules_without_what_they_need(scheduler, name):
    scheduler = {**scheduler, **({} if name == "param_name" else dict(param_name="lr"))}
    with pytest.raises(
        ValueError, match=rf"^param_scheduler\[0\]\.{name} is not set, and \w+ need"
    ):
        check_values(values(param_scheduler=[scheduler]))


def test_a_users_own_schedule_needs_what_it_says_itself():
    class Own(StepLR):
        def __init__(self, *args, step_size=1, **kwargs):
            super().__init__(*args, step_size=step_size, **kwargs)

    check_values(values(param_scheduler=[dict(type=Own)]))


@pytest.mark.parametrize(
    "pairs",
    [
        True,
        0,
        {},
        [2],
        [(2,)],
        [(1, 1, 1)],
        [(1, 0)],
        [(-1, 1)],
        [("1", 1)],
        [(1, True)],
        [(1, 1.5)],
    ]
    + [[(2, 1), (1, 2)], [(2, 1), (2, 2)], "1"],
)
def test_dynamic_intervals(pairs):
    cfg = values()
    cfg["train_cfg"]["dynamic_intervals"] = pairs
    with pytest.raises(ValueError, match=r"train_cfg.dynamic_intervals must be a list of pairs"):
        check_values(cfg)


@pytest.mark.parametrize("pairs", [None, [], (), [(0, 1)], [[1, 2], (3, 1)]])
def test_sound_dynamic_intervals(pairs):
    cfg = values(
        param_scheduler=dict(type="StepLR", step_size=1, eta_min=[0.0, 0.1], periods=(1, 2))
    )
    cfg["train_cfg"]["dynamic_intervals"] = pairs
    check_values(cfg)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(num_batch_per_epoch=0), "num_batch_per_epoch must be a whole number >= 1, got 0"),
        (dict(prefetch_factor=1.5, num_workers=1), "prefetch_factor must be a whole number >= 1"),
        (dict(drop_last=0), "drop_last must be True or False, got 0"),
        (dict(timeout=True, num_workers=1), "timeout must be a number of seconds >= 0, got True"),
        (dict(timeout=math.inf, num_workers=1), "timeout must be a number of seconds >= 0"),
        (dict(timeout=1.5), "timeout=1.5 needs num_workers > 0"),
    ],
)
@pytest.mark.parametrize("loader", ["train_dataloader", "test_dataloader"])
def test_loaders(loader, options, says):
    with pytest.raises(ValueError, match=re.escape(f"{loader}.{says}")):
        check_values(values(**{loader: options}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(env_cfg=dict(mp_cfg=dict(opencv_num_threads="4"))), "opencv_num_threads must be a w"),
        (
            dict(env_cfg=dict(resource_limit=[4096])),
            "env_cfg.resource_limit must be a whole number",
        ),
        (
            dict(env_cfg=dict(dist_cfg=dict(timeout=math.inf))),
            "timeout must be a number of seconds",
        ),
        (dict(label=["a"]), "label must be one string, got ['a']"),
        (dict(check_labels="some"), "check_labels must be a number of images from 0 on, or 'all'"),
        (dict(check_labels=True), "from 0 on, or 'all', got True"),
    ],
)
def test_options_of_the_runner(changes, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        check_values(values(**changes))
