"""A config without phases is checked for what would change nothing, or never end."""

import pytest
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from mmseg.models import FCNHead

from mmlhl.engine.phases import plain_runs
from mmlhl.engine.phases.plain_runs import check_plain_run

BASE = """
pipeline = [dict(type='RandomFlip', prob=0.5)]
model = dict(type='EncoderDecoder', backbone=dict(type='ResNet', depth=18),
    decode_head=dict(type='FCNHead', in_channels=8, channels=4, num_classes=2,
    loss_decode=dict(type='CrossEntropyLoss')))
train_dataloader = dict(dataset=dict(type='BaseSegDataset', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, end=1)]
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
    used = "pipeline = []\ntrain_dataloader = dict(dataset=dict(pipeline=pipeline))"
    check_plain_run(read(tmp_path, used))
    check_plain_run(read(tmp_path, "runner_type = 'LifelongRunner'\npipeline = []"))  # does itself
    assert not said


@pytest.mark.parametrize("kind", ["InfiniteSampler", "mmengine.InfiniteSampler", InfiniteSampler])
def test_an_epoch_without_end_is_refused(tmp_path, kind):
    cfg = read(tmp_path, "")
    cfg.train_dataloader.sampler.type = kind
    with pytest.raises(ValueError, match=r"^train_dataloader.sampler never ends, .* epochs: take"):
        check_plain_run(cfg)
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=3)
    cfg.param_scheduler = []
    check_plain_run(cfg)


@pytest.mark.parametrize(
    "text, message",
    [
        ("optim_wrapper = None", "^optim_wrapper is not set, so nothing could be trained"),
        ("param_schedular = []", "^param_schedular: unknown key; did you mean 'param_scheduler'"),
        (
            "train_cfg = dict(max_epochs=0)",
            "^train_cfg.max_epochs must be a whole number >= 1, got 0",
        ),
        ("train_cfg = dict(val_intervall=2)", "^train_cfg.val_intervall: .* 'val_interval'"),
        ("model = dict(decode_head=dict(chanels=2))", "^model.decode_head.chanels: .* 'channels'"),
        (
            "model = dict(auxiliary_head=[dict(type='FCNHaed')])",
            r"^model.auxiliary_head\[0\].type: 'FCNHaed' is not registered; did you mean 'FCNHead'",
        ),
        (
            "model = dict(decode_head=dict(loss_decode=[dict(type='DiceLoss', wieght=2)]))",
            "^model.decode_head.loss_decode.*wieght: there is no such key",
        ),
        ("model = dict(backbone=dict(dept=50))", "^model.backbone.dept: .* 'depth'"),
        ("model = dict(test_cfg=dict(mod='slide'))", "^model.test_cfg.mod: .* 'mode'"),
        (
            "model = dict(test_cfg=dict(mode='whole', flip=True))",
            "^model.test_cfg.flip: .*known are",
        ),
        ("model = dict(test_cfg=dict(crop_size=(8, 8)))", "^model.test_cfg.mode: it is missing"),
        (
            "model = dict(train_cfg=dict(num_point=2))",
            "^model.train_cfg.num_point: .* 'num_points'",
        ),
        ("model = dict(train_cfg=dict(max_iters=2))", "^model.train_cfg.max_iters: .*known are"),
        ("model = dict(neck='FPN')", r"^model.neck: it must be dict\(type=...\), got 'FPN'"),
        ("model = dict(auxiliary_head=[3])", r"^model.auxiliary_head\[0\]: it must be dict"),
        (
            "model = dict(decode_head=dict(loss_decode='Dice'))",
            "^model.decode_head.loss_decode: it",
        ),
        ("data_preprocessor = 'x'", "^data_preprocessor must be a dict, got 'x'"),
        ("randomness = None", "^randomness is None; set it, or leave it out"),
        ("efficient_conv_bn_eval = 3", "^efficient_conv_bn_eval must be the name of a part .* 3"),
        (
            "activation_checkpointing = [True]",
            "^activation_checkpointing must be .* part of the mo",
        ),
        ("optim_wrapper = dict(accumulative_count=2)", "^optim_wrapper.*did you mean 'accumul"),
        ("optim_wrapper = dict(optimizer=dict(lr=-1))", "^optim_wrapper.optimizer.lr must be"),
        ("param_scheduler = [dict(type='PolyLr')]", "^param_scheduler.*did you mean 'PolyLR'"),
        ("train_dataloader = dict(batch_sise=4)", "^train_dataloader.batch_sise: .* 'batch_size'"),
        ("default_hooks = dict(checkpoint=dict(type='CheckpointHook', intervall=2))", "'interval'"),
        (
            "default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best='mIuo'))",
            "^default_hooks.checkpoint follows 'mIuo', .* did you mean 'mIoU'.* add rule='greater'",
        ),
        ("val_cfg = dict()", "^val_dataloader is not set: set all of val_"),
        (
            "custom_hooks = [dict(type='EarlyStoppingHook', monitor='mIoU')]",
            "^EarlyStoppingHook.monitor='mIoU' has no effect, as nothing validates",
        ),
        ("compile = dict(backend='nosuch')", "^training: compile: .*nosuch"),
        (
            "param_scheduler = [dict(type='CosineRestartLR', periods=[2])]",
            r"^param_scheduler\[0\] \(CosineRestartLR\) sets neither eta_min nor eta_min_ratio",
        ),
        (
            "train_dataloader = dict(num_workers=1, multiprocessing_context='spam')",
            "^train_dataloader.multiprocessing_context must be one of .*'spawn'.*got 'spam'",
        ),
        (
            "train_dataloader = dict(multiprocessing_context='spawn')",
            "^train_dataloader.multiprocessing_context='spawn' needs num_workers > 0",
        ),
        ("randomness = dict(seed=-1)", "^randomness.seed must be a whole number"),
    ],
)
def test_what_a_phase_refuses_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        check_plain_run(read(tmp_path, text))


def test_a_best_checkpoint_without_validation_is_said(tmp_path, said):
    text = "default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best='mIoU'))"
    check_plain_run(read(tmp_path, text))
    assert said == ["checkpoint.save_best='mIoU' has no effect, as nothing validates"]


@pytest.mark.parametrize("options", ["eta_min=0.1", "eta_min_ratio=0.1"])
def test_one_least_value_of_restarts(tmp_path, options):
    text = "param_scheduler = [dict(type='CosineRestartLR', periods=[2], OPTIONS)]"
    check_plain_run(read(tmp_path, text.replace("OPTIONS", options)))
    check_plain_run(read(tmp_path, "param_scheduler = [dict(type='CosineAnnealingLR', T_max=2)]"))


def test_a_student_is_checked_like_a_model(tmp_path):
    text = """
model = dict(_delete_=True, type='DistilledSegmentor', distillers=[], student=dict(
    type='EncoderDecoder', backbone=dict(type='ResNet', depth=18), decode_head=dict(DECODER)))"""
    right = "type='FCNHead', in_channels=8, channels=4, num_classes=2"
    check_plain_run(read(tmp_path, text.replace("DECODER", right)))
    with pytest.raises(ValueError, match=r"^model.student.decode_head.num_class: .* 'num_classes'"):
        check_plain_run(read(tmp_path, text.replace("DECODER", right.replace("classes", "class"))))


def test_what_an_mmseg_config_sets_is_a_warning(tmp_path, said, monkeypatch):
    text = "optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(theta=dict(wd_mult=0.))))"
    cfg = read(tmp_path, text)
    with pytest.raises(ValueError, match="'wd_mult': there is no such key"):
        check_plain_run(cfg)
    monkeypatch.setattr(plain_runs, "left_by_mmseg", lambda _: {"optim_wrapper"})
    check_plain_run(cfg)
    assert len(said) == 1 and said[0].endswith("(an mmseg config sets it)")


def test_a_warning_of_an_mmseg_config_hides_no_error_of_the_user(tmp_path, said, monkeypatch):
    cfg = read(
        tmp_path, "optim_wrapper = dict(clip_grads=2); param_scheduler = [dict(type='Poly')]"
    )
    monkeypatch.setattr(plain_runs, "left_by_mmseg", lambda _: {"optim_wrapper"})
    with pytest.raises(ValueError, match=r"^param_scheduler\[0\].type: 'Poly' is not registered"):
        check_plain_run(cfg)
    assert len(said) == 1 and "clip_grads" in said[0]


def test_options_of_own_parts_of_a_model_pass(tmp_path):
    cfg = read(tmp_path, "model = dict(test_cfg=dict(mode='whole', flip=True))")

    class OwnHead(FCNHead):
        """A head that may read its own options."""

    cfg.model.decode_head.type = OwnHead
    check_plain_run(cfg)
    stages = "model = dict(test_cfg=dict(subdivision_steps=2), train_cfg=dict(num_points=2))"
    check_plain_run(read(tmp_path, stages))


def test_hooks_of_a_phase_may_be_those_of_a_plain_runner(tmp_path):
    """``LifelongPhaseHook`` says that it adds a task to a checkpoint in a plain ``Runner``."""
    for kind in ("LifelongPhaseHook", "PhaseResultHook", "StopRequestHook"):
        check_plain_run(read(tmp_path, f"custom_hooks = [dict(type='{kind}')]"))


def test_other_runners_are_left_alone(tmp_path):
    check_plain_run(read(tmp_path, "runner_type = 'FlexibleRunner'\nparam_schedular = []"))
