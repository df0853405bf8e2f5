"""Options of hooks that mmengine reads once a phase has begun."""

import copy

import pytest
from mmengine.hooks import EMAHook, ParamSchedulerHook

from mmlhl.engine import parse_phases
from mmlhl.engine.phases import phase_config
from mmlhl.engine.phases.checking.hook_options import check_hook_options
from mmlhl.engine.phases.deriving import testing_config as config_of_tests

WRONG = [
    (dict(type="EmptyCacheHook", priority="HIG"), r"priority .* got 'HIG'; did you mean 'HIGH'\?$"),
    *(
        (dict(type="EmptyCacheHook", priority=value), "priority must be a whole number of 0..100")
        for value in (101, True, [50])
    ),
    (dict(type="EMAHook", momntum=0.1), "momntum: .* did you mean 'momentum'"),
    (dict(type="EMAHook", update_buffers="yes"), "update_buffers must be True or False, got 'yes'"),
    (
        dict(type="EMAHook", ema_type="ExponentialMovingAverag"),
        "ema_type: 'ExponentialMovingAverag' is not registered; did you mean 'Exponential",
    ),
    *((dict(type="EMAHook", momentum=value), "momentum must be a number") for value in (1, None)),
    (
        dict(type="mmengine.EMAHook", ema_type="MomentumAnnealingEMA", gama=10),
        "gama: .* did you mean 'gamma'",
    ),
    (dict(type="EarlyStoppingHook", patience=-1), "patience must be a whole number >= 0, got -1"),
    (dict(type="EarlyStoppingHook", min_delta=-0.1), "min_delta must be a number >= 0, got -0.1"),
]


@pytest.mark.parametrize(("hook", "message"), WRONG)
@pytest.mark.parametrize("default", [False, True])
def test_refused(hook, message, default):
    cfg = dict(default_hooks=dict(mine=hook)) if default else dict(custom_hooks=[hook])
    place = "default_hooks.mine" if default else r"custom_hooks\[0\]"
    with pytest.raises(ValueError, match=rf"^phases\[1\]: {place}\.{message}"):
        check_hook_options(cfg, "phases[1]: ")


@pytest.mark.parametrize(
    "hook",
    [
        dict(type="EmptyCacheHook", priority="very_low"),
        dict(type="EmptyCacheHook", priority=49),
        dict(type="EMAHook", momentum=2e-4, update_buffers=True, priority="ABOVE_NORMAL"),
        dict(type="EMAHook", ema_type="MomentumAnnealingEMA", gamma=100),
        dict(type="EMAHook", ema_type="StochasticWeightAverage", begin_epoch=1),
        dict(type="EarlyStoppingHook", monitor="seg/mIoU", patience=0, min_delta=0),
    ],
)
def test_allowed(hook):
    check_hook_options(dict(custom_hooks=[hook]))


def test_found_in_a_later_phase(config, nothing_is_built):
    cfg = config()
    cfg.phases[2].cfg = dict(custom_hooks=[dict(type="EmptyCacheHook", priority="HIG")])
    with pytest.raises(ValueError, match=r"^phases\[2\]: custom_hooks\[0\].priority"):
        parse_phases(cfg)


def test_a_hook_that_mmengine_does_not_have_is_switched_off(config):
    """It fails on None for any other name than its own six."""
    cfg = config()
    cfg.default_hooks.update(visualization=None, timer=None)
    given = copy.deepcopy(cfg.to_dict())
    for hooks in (
        phase_config(cfg, parse_phases(cfg), 1).default_hooks,
        config_of_tests(cfg).default_hooks,
    ):
        assert "visualization" not in hooks and hooks.timer is None
    assert cfg.to_dict() == given


STEPS = dict(type="ParamSchedulerHook")
POLY = [dict(type="PolyLR", end=4)]


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        (
            dict(custom_hooks=[dict(type="EMAHook"), dict(type="mmengine.EMAHook", momentum=0.1)]),
            r"custom_hooks\[1\]: a second EMAHook would exchange",
        ),
        (
            dict(default_hooks=dict(ema=dict(type="EMAHook")), custom_hooks=[dict(type=EMAHook)]),
            r"custom_hooks\[0\]: a second EMAHook",
        ),
        (dict(custom_hooks=[STEPS]), r"custom_hooks\[0\]: a second ParamSchedulerHook would step"),
        (
            dict(custom_hooks=[STEPS], default_hooks=dict(param_scheduler=STEPS)),
            r"custom_hooks\[0\]: a second ParamSchedulerHook",
        ),
        (
            dict(default_hooks=dict(param_scheduler=None), param_scheduler=POLY),
            "default_hooks.param_scheduler is None, so param_scheduler would change nothing",
        ),
    ],
)
def test_one_too_many_or_too_few(cfg, message):
    with pytest.raises(ValueError, match=f"^phases\\[1\\]: {message}"):
        check_hook_options(cfg, "phases[1]: ")


@pytest.mark.parametrize(
    "cfg",
    [
        dict(default_hooks=dict(param_scheduler=None)),
        dict(default_hooks=dict(param_scheduler=None), param_scheduler=[]),
        dict(default_hooks=dict(param_scheduler=ParamSchedulerHook()), param_scheduler=POLY),
        dict(default_hooks=dict(param_scheduler=None), param_scheduler=POLY, custom_hooks=[STEPS]),
        dict(custom_hooks=[dict(type="EarlyStoppingHook", monitor=m) for m in ("a/x", "b/y")]),
    ],
)
def test_as_many_as_needed(cfg):
    check_hook_options(cfg)
