"""Incomplete settings of a config are named."""

import pytest

from mmlhl.engine.phases.checking.left_out import left_out
from mmlhl.engine.phases.grammar import read_phases


@pytest.fixture
def cfg(config):
    found = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"])])
    for key in ("val_dataloader", "val_cfg", "val_evaluator"):
        found[key] = found[key.replace("val_", "test_", 1)]
    return found


def sentences(cfg, **changes):
    phases = read_phases(cfg)
    for key, value in changes.items():
        cfg[key] = value
    return left_out(cfg, phases)


def test_complete_or_absent_settings_log_nothing(cfg):
    assert sentences(cfg) == []
    assert sentences(cfg, val_dataloader=None, val_cfg=None, val_evaluator=None) == []


def test_incomplete_settings_are_named_once(cfg):
    (first, second) = sentences(cfg, val_cfg=None, test_evaluator=None, test_dataloader=None)
    assert first == (
        "validation is left out: val_cfg not set, though val_dataloader and val_evaluator are"
    )
    assert second.startswith("the evaluation of each phase is left out: test_dataloader and test_e")
    assert second.endswith("not set, though test_cfg is")


@pytest.mark.parametrize("best", ["seg/mIoU", ["seg/mIoU", "depth/abs_err"], "auto"])
def test_a_best_checkpoint_without_validation(cfg, best):
    hooks = dict(checkpoint=dict(type="CheckpointHook", save_best=best))
    assert sentences(cfg, default_hooks=hooks) == []
    nothing = dict(val_dataloader=None, val_cfg=None, val_evaluator=None)
    (sentence,) = sentences(cfg, default_hooks=hooks, **nothing)
    assert sentence == f"checkpoint.save_best={best!r} has no effect: nothing validates"


def test_a_phase_of_its_own(cfg):
    cfg.phases[1]["cfg"] = dict(val_evaluator=None)
    assert [each.split(":")[0] for each in sentences(cfg)] == ["validation is left out"]


def test_equal_parts_in_all_phases_are_reported(cfg):
    cfg.train_dataloader.dataset.part = [1, 2]
    (sentence,) = sentences(cfg)
    assert "part is (1, 2) for all phases, so phases [0, 1] learn from the same images" in sentence
    assert sentences(cfg, disjoint_phases=False) == []  # as asked
    cfg.phases[1].cfg = {"train_dataloader.dataset.part": [0, 2]}
    assert sentences(cfg, disjoint_phases=True) == []


@pytest.mark.parametrize("part", [True, 1.5, (1,), [2, 2], "01", (0, "x")])
def test_a_shared_part_that_is_none(cfg, part):
    cfg.train_dataloader.dataset.part = part
    with pytest.raises(ValueError, match="part is "):
        sentences(cfg)
