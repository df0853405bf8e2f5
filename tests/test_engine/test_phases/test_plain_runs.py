"""A config without phases is checked for what would change nothing, or never end."""

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from mmseg.registry import MODELS
from shared_fixtures import two_stages

from mmlhl.engine.phases import plain_runs
from mmlhl.engine.phases.plain_runs import check_plain_run
from mmlhl.engine.phases.trials import weights

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


@pytest.fixture
def segmentor(tmp_path):
    """A function: a config of a small segmentor of mmseg, trained from files."""
    head = dict(type="FCNHead", in_channels=8, in_index=1, channels=4, num_convs=1, num_classes=2)

    def make(load_from=None, **backbone):
        model = dict(type="EncoderDecoder", backbone={**two_stages(), **backbone}, decode_head=head)
        return Config(dict(model=model, load_from=load_from))

    return make


def saved(path, state):
    torch.save(dict(state_dict=state), path)
    return str(path)


def test_files_that_fit_in_part_or_are_not_here(segmentor, tmp_path):
    state = MODELS.build(segmentor().model).state_dict()
    backbone = {k[9:]: v for k, v in state.items() if k.startswith("backbone.")}
    for path in (saved(tmp_path / "all.pth", state), "nowhere.pth", "https://a.b/c.pth"):
        check_plain_run(segmentor(path))
    part = saved(tmp_path / "part.pth", {**backbone, "fc.weight": torch.ones(2, 2)})
    init = dict(type="Pretrained", checkpoint=part)
    check_plain_run(segmentor(init_cfg=init))
    check_plain_run(segmentor(saved(tmp_path / "head.pth", dict(list(state.items())[-4:]))))
    check_plain_run(segmentor(init_cfg=dict(init, checkpoint="nowhere.pth")))
    check_plain_run(Config(dict(model=dict(type="NoSuchModel"), load_from=part)))


@pytest.mark.parametrize("prefix", ["", "module.encoder.", "backbone.backbone."])
def test_files_of_which_nothing_fits(segmentor, tmp_path, prefix):
    state = MODELS.build(segmentor().model).state_dict()
    backbone = {prefix + k[9:]: v for k, v in state.items() if k.startswith("backbone.")}
    path = saved(tmp_path / "other.pth", backbone)
    with pytest.raises(ValueError, match=r"^load_from=.*other.pth': no weight of it fits Encoder"):
        check_plain_run(segmentor(path))
    if prefix:
        with pytest.raises(ValueError, match=r"^model.backbone.init_cfg: .*other.pth' fills 0%"):
            check_plain_run(segmentor(init_cfg=dict(type="Pretrained", checkpoint=path)))


def test_no_model_is_built_without_a_file(segmentor, monkeypatch):
    built = []
    monkeypatch.setattr(weights.MODELS, "build", built.append)
    for path in (None, "nowhere.pth", "https://a.b/c.pth"):
        check_plain_run(segmentor(path))
    assert not built
