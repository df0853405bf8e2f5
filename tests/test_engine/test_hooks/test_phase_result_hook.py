"""The result of a phase: its row in the record and its duration."""

import copy
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.runner import Runner

from mmlhl.engine.hooks import PhaseResultHook
from mmlhl.evaluation import LifelongRecord


def test_a_phase_that_is_trained_again_replaces_its_row(plain_config):
    cfg = plain_config()
    for _ in range(2):
        Runner.from_cfg(copy.deepcopy(cfg)).train()
    record = LifelongRecord.load(Path(cfg.work_dir) / "lifelong.json")
    assert [phase["tasks"] for phase in record.phases] == [["depth"]]
    assert len(record.values("depth", "abs_err")) == 1


def test_resumed_phase_adds_to_its_duration(plain_config):
    cfg = plain_config(method=dict(type="Naive"))
    cfg.custom_hooks.append(dict(type="PhaseResultHook"))
    runner = Runner.from_cfg(cfg)
    hook = next(h for h in runner.hooks if type(h).__name__ == "PhaseResultHook")
    checkpoint = dict(state_dict=runner.model.state_dict(), meta=dict(phase_seconds=100.0))
    for resume, before in ((False, 0.0), (True, 100.0)):
        runner._resume = resume
        hook.after_load_checkpoint(runner, checkpoint)
        assert hook._seconds_before == before


def test_old_options_reach_the_result_hook(plain_config, tmp_path):
    cfg = plain_config(hook=dict(name="second", record=str(tmp_path / "all.json")))
    cfg.model.method = dict(type="Naive")
    with pytest.warns(DeprecationWarning, match="name, record of LifelongPhaseHook"):
        Runner.from_cfg(cfg).train()
    (phase,) = LifelongRecord.load(tmp_path / "all.json").phases
    assert (phase["name"], phase["checkpoint"]) == ("second", "plain/second.pth")


def test_a_phase_without_a_step_is_not_recorded(tmp_path):
    runner = SimpleNamespace(iter=0, model=SimpleNamespace(new_tasks=["seg"]), work_dir=tmp_path)
    with pytest.raises(ValueError, match="phase 'seg' took no step, so nothing of it is recorded"):
        PhaseResultHook().after_train(runner)
    assert not list(tmp_path.iterdir())
