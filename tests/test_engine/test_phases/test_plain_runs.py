"""A config without phases is checked for what would change nothing, or never end."""

import pytest
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler

from mmlhl.engine.phases import plain_runs
from mmlhl.engine.phases.plain_runs import check_plain_run

BASE = """
pipeline = [dict(type='RandomFlip', prob=0.5)]
train_dataloader = dict(
    dataset=dict(pipeline=pipeline), sampler=dict(type='DefaultSampler', shuffle=True))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
"""


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(plain_runs, "print_log", lambda text, *_: lines.append(text))
    return lines


def read(tmp_path, text):
    (tmp_path / "base.py").write_text(BASE)
    (tmp_path / "leaf.py").write_text(f"_base_ = 'base.py'\n{text}")
    return Config.fromfile(tmp_path / "leaf.py")


@pytest.mark.parametrize("runner", ["", "Runner", "mmengine.Runner"])
def test_a_variable_that_the_base_has_used_is_said(tmp_path, said, runner):
    named = f"; runner_type = '{runner}'" if runner else ""
    check_plain_run(read(tmp_path, f"pipeline = []{named}"))
    assert len(said) == 1 and "leaf.py: line 2 sets pipeline, but its base" in said[0]


def test_nothing_is_said_of_what_acts(tmp_path, said):
    check_plain_run(read(tmp_path, "pipeline = []\ntrain_dataloader = dict(dataset=pipeline)"))
    check_plain_run(read(tmp_path, "runner_type = 'LifelongRunner'\npipeline = []"))  # does itself
    check_plain_run(Config(dict(model=dict(type="A"))))
    assert not said


@pytest.mark.parametrize("kind", ["InfiniteSampler", "mmseg.InfiniteSampler", InfiniteSampler])
def test_an_epoch_without_end_is_refused(tmp_path, kind):
    cfg = read(tmp_path, "")
    cfg.train_dataloader.sampler.type = kind
    with pytest.raises(ValueError, match=r"^train_dataloader.sampler never ends, .* epochs: take"):
        check_plain_run(cfg)
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=3)
    check_plain_run(cfg)
    cfg.train_dataloader = None
    check_plain_run(cfg)
