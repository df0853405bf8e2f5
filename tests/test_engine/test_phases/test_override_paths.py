"""Overrides of a command line that have no place in the config."""

import pytest
from mmengine.config import Config

from mmlhl.engine.phases.override_paths import merge_overrides
from mmlhl.engine.phases.runner_choice import check_runner


def config():
    return Config(
        dict(
            phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
            train_cfg=dict(max_epochs=2),
            custom_hooks=[],
            val_cfg=None,
        )
    )


@pytest.mark.parametrize(
    ("dotted", "why"),
    [
        ("phases.2.name", "phases has 2 entries; the last is phases.1"),
        ("phases.-1.name", "phases is a list, of which an entry is phases.0, not phases.-1"),
        ("phases.name", "phases is a list, of which an entry is phases.0, not phases.name"),
        ("phases.0.tasks.3", "phases.0.tasks has 1 entries; the last is phases.0.tasks.0"),
        ("custom_hooks.0.type", "custom_hooks has 0 entries; it is empty"),
        ("train_cfg.max_epochs.x", "train_cfg.max_epochs is 2, which has no 'x'"),
        ("val_cfg.type", "val_cfg is None, which has no 'type'; give all of it: val_cfg=..."),
    ],
)
def test_refused(dotted, why):
    with pytest.raises(ValueError, match=rf"^--cfg-options {dotted}: {why}"):
        merge_overrides(config(), {"train_cfg.max_epochs": 3, dotted: "x"})


def test_two_that_do_not_fit_each_other():
    with pytest.raises(ValueError, match="^--cfg-options"):
        merge_overrides(config(), {"train_cfg.val_begin": 1, "train_cfg.val_begin.x": 2})


def test_merged():
    cfg = config()
    options = {"phases.1.name": "b", "train_cfg.max_epochs": 3, "train_cfg.val_begin": 1, "new": 1}
    merge_overrides(cfg, options)
    assert (cfg.phases[1].name, cfg.train_cfg.max_epochs, cfg.new) == ("b", 3, 1)


def test_runners():
    phases = config().phases
    for cfg in (
        dict(runner_type="LifelongRunner", phases=phases),
        dict(runner_type="mmseg.LifelongRunner", phases=phases),
        dict(runner_type="Runner"),
        {},
    ):
        check_runner(cfg)
    with pytest.raises(ValueError, match="^runner_type: 'LifelongRuner' .* mean 'LifelongRunner'"):
        check_runner(dict(runner_type="LifelongRuner", phases=phases))
    for cfg, given in (({}, "is not set"), (dict(runner_type="mmengine.Runner"), "is 'mmengine.")):
        with pytest.raises(ValueError, match=f"^runner_type {given}.* phases have no effect"):
            check_runner(dict(cfg, phases=phases))
