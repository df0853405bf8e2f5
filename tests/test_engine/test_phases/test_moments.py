"""Epochs and iterations in hooks and loops follow the length of a phase, or are refused."""

import copy

import pytest
from mmengine.config import Config
from mmengine.hooks import EMAHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner.utils import calc_dynamic_intervals

from mmlhl.engine.phases import Phase, phase_config
from mmlhl.engine.phases.checking import moment_checks
from mmlhl.engine.phases.checking.moment_checks import check_moments

EPOCHS = dict(by_epoch=True, max_epochs=10)
HALF = dict(train_cfg=dict(max_epochs=5))
BY_ITER = dict(train_cfg=dict(by_epoch=False, max_iters=100))


@HOOKS.register_module()
class RecipeHook(Hook):
    """A user's own, with the names that hooks of other projects have."""

    def __init__(self, switch_epoch=1, num_last_epochs=1, schedule=(), start=0, text="end"):
        """Take anything."""


def followed(own, train_cfg=EPOCHS, **changes):
    """The config of a phase in a sequence."""
    cfg = Config(
        dict(
            work_dir="nowhere",
            model=dict(heads=dict()),
            train_cfg=dict(train_cfg),
            **copy.deepcopy(changes),
        )
    )
    return phase_config(cfg, [Phase(0, ("a",), ("a",), "a", own)], 0)


@pytest.mark.parametrize(
    ("hook", "key", "value"),
    [
        (dict(type="EMAHook", begin_epoch=8), "begin_epoch", 4),
        (dict(type=EMAHook, begin_epoch=8), "begin_epoch", 4),
        (dict(type="mmengine.EMAHook", begin_iter=1000), "begin_iter", 500),
        (dict(type="EMAHook", begin_epoch=1), "begin_epoch", 1),
        (dict(type="CheckpointHook", save_begin=6), "save_begin", 3),
        (dict(type="CheckpointHook", by_epoch=False, save_begin=600), "save_begin", 300),
        (dict(type="NPUProfilerHook", begin=20, end=30), "end", 15),
        (dict(type="RecipeHook", switch_epoch=8), "switch_epoch", 4),
        (dict(type="RecipeHook", num_last_epochs=4), "num_last_epochs", 2),
        (dict(type="NobodyKnowsHook", stop_epoch=6), "stop_epoch", 3),
        (dict(type="NobodyKnowsHook", milestones=[4, 8]), "milestones", [2, 4]),
        # no times
        (dict(type="RecipeHook", start=8), "start", 8),
        (dict(type="RecipeHook", text="end"), "text", "end"),
        (dict(type="CheckpointHook", interval=4), "interval", 4),
        (dict(type="ProfilerHook", by_epoch=False, profile_times=20), "profile_times", 20),
    ],
)
def test_hooks_follow(hook, key, value):
    assert followed(HALF, custom_hooks=[hook]).custom_hooks[0][key] == value
    assert followed({}, custom_hooks=[hook]).custom_hooks[0][key] == hook[key]
    own = dict(**HALF, custom_hooks=[hook])
    assert followed(own).custom_hooks[0][key] == hook[key], "the phase's own stays"


def test_follows_in_lists_and_in_default_hooks():
    schedule = [dict(action_epoch=2), dict(action_epoch=6, pipeline=[dict(type="A", end_iter=9)])]
    hooks = [dict(type="RecipeHook", schedule=schedule)]
    checkpoint = dict(type="CheckpointHook", save_begin=4)
    out = followed(HALF, custom_hooks=hooks, default_hooks=dict(checkpoint=checkpoint))
    first, second = out.custom_hooks[0].schedule
    assert (first.action_epoch, second.action_epoch) == (1, 3)
    assert second.pipeline[0].end_iter == 9  # not a time of the hook's
    assert out.default_hooks.checkpoint.save_begin == 2
    own = dict(**HALF, default_hooks=dict(checkpoint=dict(save_begin=5)))
    out = followed(own, default_hooks=dict(checkpoint=checkpoint))
    assert out.default_hooks.checkpoint.save_begin == 5


def test_the_loop_follows():
    train = dict(EPOCHS, val_begin=6, val_interval=2, dynamic_intervals=[(8, 1)])
    out = followed(HALF, train).train_cfg
    assert (out.val_begin, out.val_interval) == (3, 2)
    assert out.dynamic_intervals == [(4, 1)]  # mmengine takes tuples only
    from_json = followed({}, dict(EPOCHS, dynamic_intervals=[[2, 5], [8, 1]]))
    assert calc_dynamic_intervals(1, from_json.train_cfg.dynamic_intervals) == (
        [0, 2, 8],
        [1, 5, 1],
    )
    by_iter = followed(BY_ITER, dict(EPOCHS, dynamic_intervals=[(8, 2)])).train_cfg
    assert by_iter.dynamic_intervals == [(80, 20)]
    own = dict(train_cfg=dict(max_epochs=5, val_begin=5))
    assert followed(own, train).train_cfg.val_begin == 5


def test_another_unit():
    """A phase by iterations counts iterations throughout."""
    hooks = [
        dict(type="EMAHook", begin_epoch=5),
        dict(type="EMAHook", begin_iter=7),
        dict(type="CheckpointHook", interval=2, save_begin=4),
        dict(type="CheckpointHook", interval=30, by_epoch=False),
    ]
    out = followed(BY_ITER, custom_hooks=hooks, log_processor=dict(by_epoch=True))
    first, second, saving, other = out.custom_hooks[:4]
    assert first == dict(type="EMAHook", begin_iter=50) and second.begin_iter == 7
    assert saving == dict(type="CheckpointHook", interval=20, save_begin=40, by_epoch=False)
    assert other.interval == 30 and out.log_processor.by_epoch is False
    assert out.train_cfg == dict(by_epoch=False, max_iters=100)
    own = dict(**BY_ITER, default_hooks=dict(checkpoint=dict(interval=50)))
    checkpoint = dict(type="CheckpointHook", interval=1, save_begin=2)
    out = followed(own, default_hooks=dict(checkpoint=checkpoint)).default_hooks.checkpoint
    assert out == dict(type="CheckpointHook", interval=50, save_begin=20, by_epoch=False)
    back = dict(train_cfg=dict(max_epochs=4))
    train = dict(by_epoch=False, max_iters=400, val_interval=100, val_begin=200)
    hooks = [dict(type="EMAHook", begin_iter=300), dict(type="CheckpointHook", by_epoch=False)]
    out = followed(back, train, custom_hooks=hooks)
    assert out.custom_hooks[0].begin_epoch == 3 and out.custom_hooks[1].by_epoch is True
    assert out.train_cfg == dict(by_epoch=True, max_epochs=4, val_interval=1, val_begin=2)


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (dict(type="EMAHook", begin_epoch=11), r"\[0\].begin_epoch is 11.* takes 10 epochs"),
        (dict(type="EMAHook", begin_iter=50), r"begin_iter is 50.* takes 40 iterations"),
        (dict(type="EMAHook", interval=50), r"interval is 50.* the first step"),
        (dict(type="CheckpointHook", save_begin=12), r"save_begin is 12.* takes 10 epochs"),
        (dict(type="CheckpointHook", by_epoch=False, save_begin=41), "41.* takes 40 iterations"),
        (dict(type="RecipeHook", switch_epoch=15), r"switch_epoch is 15.* takes 10 epochs"),
        (dict(type="RecipeHook", schedule=[dict(action_epoch=20)]), r"schedule\[0\].action_epoch"),
        (dict(type="ProfilerHook", by_epoch=False, profile_times=60), "takes 40 iterations"),
        (
            dict(type="ProfilerHook", schedule=dict(wait=40, warmup=1, active=5)),
            "ready after 46 iterations, but only 40",
        ),
    ],
)
def test_moments_after_the_end_of_a_phase_are_refused(hook, message):
    cfg = Config(dict(train_cfg=EPOCHS, custom_hooks=[hook]))
    with pytest.raises(ValueError, match=r"phases\[1\]: custom_hooks" + ".*" + message):
        check_moments(cfg, "phases[1]: ", 40)
    cfg.train_cfg.max_epochs = 100
    check_moments(cfg, "", 400)


@pytest.mark.parametrize("several", [False, True])
def test_more_accumulated_steps_than_a_phase_has(monkeypatch, several):
    said = []
    monkeypatch.setattr(moment_checks, "print_log", lambda text, *_: said.append(text))
    wrapper = dict(optimizer=dict(type="SGD", lr=1), accumulative_counts=40)
    wrapper = dict(head=wrapper) if several else wrapper
    cfg = Config(dict(train_cfg=EPOCHS, optim_wrapper=wrapper))
    check_moments(cfg, "", 40)
    check_moments(cfg, "")
    assert not said
    check_moments(cfg, "phases[0]: ", 39)
    key = "optim_wrapper.head" if several else "optim_wrapper"
    words = f"phases[0]: {key}.accumulative_counts is 40, but training takes 39 iterations: the "
    assert len(said) == 1 and said[0].startswith(words)


def test_epochs_in_a_loop_by_iterations():
    loop = dict(by_epoch=False, max_iters=100)
    for hook in (dict(type="EMAHook", begin_epoch=3), dict(type="RecipeHook", switch_epoch=2)):
        with pytest.raises(ValueError, match="counts epochs, but train_cfg trains by iterations"):
            check_moments(Config(dict(train_cfg=loop, custom_hooks=[hook])))
    # a way to say that no phase validates
    check_moments(Config(dict(train_cfg=dict(loop, val_begin=101))))


@pytest.mark.parametrize(
    ("train_cfg", "own", "interval"),
    [(EPOCHS, BY_ITER, 10), (dict(by_epoch=False, max_iters=4000), dict(train_cfg=EPOCHS), 2)],
)
def test_the_default_interval_of_validations_in_another_unit(train_cfg, own, interval):
    """mmengine's own is one epoch in the one, and 1000 iterations in the other."""
    validation = dict(val_cfg={}, val_dataloader=dict(dataset={}), val_evaluator={})
    assert followed(own, train_cfg, **validation).train_cfg.val_interval == interval
