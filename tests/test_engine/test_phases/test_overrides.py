"""Overrides of a phase, and schedules and ``save_best`` that follow them."""

import pytest
from mmengine.hooks import CheckpointHook

from mmlhl.engine import parse_phases, phase_config

TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]


def test_a_phase_overrides_anything_for_itself_alone(config):
    own = dict(
        train_cfg=dict(max_epochs=7),
        model=dict(method=dict(_delete_=True, type="LwF", loss_weight=1.0)),
        optim_wrapper=dict(optimizer=dict(lr=0.5)),
    )
    cfg = config(
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own), dict(tasks=["normal"])]
    )
    phases = parse_phases(cfg)
    first, second, third = (phase_config(cfg, phases, i, "x.pth") for i in range(3))
    assert second.train_cfg.max_epochs == 7 and second.optim_wrapper.optimizer.lr == 0.5
    assert second.optim_wrapper.optimizer.type == "Adam"
    assert second.model.method == dict(type="LwF", loss_weight=1.0)
    assert third.train_cfg.max_epochs == 2 and third.model.method.type == "HAD"
    assert first.optim_wrapper.optimizer.lr == 2e-3
    # the schedule that ended with the sequence's epochs ends with the phase's
    assert [out.param_scheduler[0].end for out in (first, second, third)] == [2, 7, 2]


def test_a_schedule_of_another_length_is_left_alone(config):
    own = dict(train_cfg=dict(max_epochs=7))
    cfg = config(phases=[dict(tasks=["seg"], cfg=own)])
    cfg.param_scheduler = [
        dict(type="LinearLR", begin=0, end=1, start_factor=0.1),
        dict(type="CosineAnnealingLR", begin=1, end=2, T_max=2),
    ]
    warmup, cosine = phase_config(cfg, parse_phases(cfg), 0).param_scheduler
    assert warmup.end == 1
    assert cosine.end == 7 and cosine.T_max == 7


def test_iterations_are_followed_too(config):
    own = dict(train_cfg=dict(max_iters=50))
    cfg = config(phases=[dict(tasks=["seg"], cfg=own)])
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=100)
    cfg.param_scheduler = dict(type="PolyLR", begin=0, end=100, by_epoch=False)
    assert phase_config(cfg, parse_phases(cfg), 0).param_scheduler.end == 50


def validating(config, best):
    cfg = config()
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict(type="ValLoop")
    cfg.default_hooks.checkpoint.save_best = best
    phases = parse_phases(cfg)
    return [phase_config(cfg, phases, index) for index in range(3)]


def test_validation_sees_the_tasks_so_far(config):
    outs = validating(config, None)
    assert [out.val_dataloader.dataset.tasks for out in outs] == [
        ["seg"],
        ["seg", "depth"],
        ["seg", "depth", "normal"],
    ]
    assert all("part" not in out.val_dataloader.dataset for out in outs)


@pytest.mark.parametrize(
    ("best", "kept"),
    [
        ("depth/abs_err", [None, "depth/abs_err", "depth/abs_err"]),
        ("auto", ["auto"] * 3),
        (["seg/mIoU", "normal/mean_err"], [["seg/mIoU"], ["seg/mIoU"], None]),
    ],
)
def test_save_best_waits_for_its_task(config, best, kept):
    outs = [out.default_hooks.checkpoint.save_best for out in validating(config, best)]
    normal = [[v] if isinstance(v, str) else v for v in outs]
    kept = [[v] if isinstance(v, str) else v for v in kept]
    if isinstance(best, list):
        kept[2] = best
    assert normal == kept


def test_save_best_needs_validation(config):
    cfg = config()
    cfg.default_hooks.checkpoint.save_best = "seg/mIoU"
    assert phase_config(cfg, parse_phases(cfg), 0).default_hooks.checkpoint.save_best is None


# -- what stays and what does not --------------
SOFTPLUS = dict(depth=dict(activation="softplus"))


def three_phases(config, **second):
    cfg = config(
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"], **second), dict(tasks=["normal"])]
    )
    phases = parse_phases(cfg)
    return [phase_config(cfg, phases, index, "x.pth").model for index in range(3)]


@pytest.mark.parametrize("dotted", [False, True])
def test_model_of_a_phase_persists(config, dotted, recwarn):
    change = dict(heads=SOFTPLUS, method=dict(loss_weight=7.0))
    if dotted:
        change = {"heads.depth.activation": "softplus", "method.loss_weight": 7.0}
    models = three_phases(config, model=change)
    assert [m.heads.depth.get("activation") for m in models] == [None, "softplus", "softplus"]
    assert [m.method.get("loss_weight") for m in models] == [None, 7.0, 7.0]
    assert not [w for w in recwarn if "cfg.model" in str(w.message)]


def test_a_phases_cfg_is_merged_into_what_stays(config):
    models = three_phases(
        config,
        model=dict(method=dict(loss_weight=7.0)),
        cfg=dict(model=dict(method=dict(loss_weight=9.0))),
    )
    assert [m.method.get("loss_weight") for m in models] == [None, 9.0, 7.0]


def test_the_model_in_a_phases_cfg_stays_for_one_more_release(config):
    with pytest.warns(DeprecationWarning, match=r"phases\[1\].cfg.model .*phases\[1\].model=dict"):
        models = three_phases(config, cfg=dict(model=dict(heads=SOFTPLUS)))
    assert [m.heads.depth.get("activation") for m in models] == [None, "softplus", "softplus"]


@pytest.mark.parametrize("key", ["cfg", "model"])
def test_overrides_that_are_not_dicts_are_refused(config, key):
    with pytest.raises(ValueError, match=rf"phases\[1\].{key} must be a dict, got \['x'\]"):
        three_phases(config, **{key: ["x"]})


@pytest.mark.parametrize(
    ("best", "rule", "kept"),
    [
        (
            ["depth/abs_err", "seg/mIoU"],
            ["less", "greater"],
            [(["seg/mIoU"], ["greater"])] + [(["depth/abs_err", "seg/mIoU"], ["less", "greater"])],
        ),
        (["depth/abs_err", "seg/mIoU"], "less", [(["seg/mIoU"], ["less"])]),
        (["depth/rmse", "depth/abs_err"], ["less", "less"], [(None, None)]),
        ("seg/mIoU", ["greater"], [("seg/mIoU", ["greater"])]),
        # not given, but known from the metric
        (["seg/mIoU", "depth/abs_err"], None, [(["seg/mIoU"], ["greater"])]),
        ("depth/abs_err", None, [(None, None), ("depth/abs_err", ["less"])]),
        ("auto", None, [("auto", None)]),
    ],
)
def test_rule_follows_its_metric(config, best, rule, kept):
    cfg = config()
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict(type="ValLoop")
    cfg.default_hooks.checkpoint.update(save_best=best, rule=rule)
    cfg.custom_hooks = [dict(type="mmengine.CheckpointHook", save_best=best, rule=rule)]
    phases = parse_phases(cfg)
    for index, expected in enumerate(kept):
        out = phase_config(cfg, phases, index)
        for hook in (out.default_hooks.checkpoint, out.custom_hooks[0]):
            assert (hook.save_best, hook.get("rule")) == expected
            CheckpointHook(save_best=hook.save_best, rule=hook.get("rule"))


def test_rules_that_are_not_one_a_metric(config):
    cfg = config()
    cfg.default_hooks.checkpoint.update(save_best=["seg/mIoU"], rule=["less", "greater"])
    with pytest.raises(ValueError, match=r"rule=\['less', 'greater'\] has 2 entries, save_best"):
        phase_config(cfg, parse_phases(cfg), 0)


@pytest.mark.parametrize("kind", ["EarlyStoppingHook", "mmengine.EarlyStoppingHook"])
def test_early_stopping_waits_for_its_task(config, kind):
    cfg = config()
    stop = dict(type=kind, monitor="depth/abs_err")
    cfg.custom_hooks = [stop, dict(type="EMAHook")]
    with pytest.raises(ValueError, match="EarlyStoppingHook.* but val_cfg is not set"):
        parse_phases(cfg)
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict(type="ValLoop")
    phases = parse_phases(cfg)
    outs = [phase_config(cfg, phases, index).custom_hooks for index in range(3)]
    assert outs[0][0].type == "EMAHook"
    assert outs[1][0] == outs[2][0] == dict(stop, rule="less")
    cfg.custom_hooks[0].monitor = "depht/abs_err"
    with pytest.raises(ValueError, match="EarlyStoppingHook.monitor names .*did you mean 'depth'"):
        parse_phases(cfg)
