"""Unused keys at the top of a config, and overrides without effect."""

import pytest
from mmengine.config import Config

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.checking.top_keys import check_overrides, check_top_keys, overridden

MISTAKES = {
    # key: value and message
    "early_stopping": (dict(type="EarlyStoppingHook", monitor="seg/mIoU"), "'custom_hooks'"),
    "hooks": ([dict(type="EMAHook"), dict(type="mmengine.SyncBuffersHook")], "'custom_hooks'"),
    "solver": (dict(type="AmpOptimWrapper", accumulative_counts=2), "'optim_wrapper'"),
    "lr_schedule": (dict(type="CosineAnnealingLR", T_max=3), "'param_scheduler'"),
    "loop": (dict(type="IterBasedTrainLoop", max_iters=9), "'train_cfg'"),
    "schedule": (dict(max_epochs=60, val_begin=3), "'train_cfg'"),
    "train_loader": (dict(batch_size=64, num_workers=9), "'train_dataloader'"),
    "metrics": (
        dict(type="MultiTaskEvaluator", output_dir="a", keep_results=1),
        "'test_evaluator'",
    ),
    "drawing": (dict(type="MultiTaskVisualizer", alpha=0.1), "'visualizer'"),
    # of mmcv before 2.0
    "lr_config": (dict(policy="poly", power=0.9), "write param_scheduler"),
    "checkpoint_config": (dict(interval=1), "write default_hooks.checkpoint"),
    "runner": (dict(type="IterBasedRunner", max_iters=9), "write train_cfg"),
    "evaluation": (dict(interval=1, metric="mIoU"), "write train_cfg.val_interval"),
    "data": (dict(samples_per_gpu=2), "write train_dataloader"),
    "total_epochs": (60, "write train_cfg.max_epochs"),
    "resume_from": ("x.pth", "write --resume"),
    "workflow": ([("train", 1), ("val", 1)], "write train_cfg.val_interval"),
    "optimizer": (dict(type="AdamW", lr=9.0), "write optim_wrapper.optimizer"),
    "fp16": (dict(loss_scale="dynamic"), "AmpOptimWrapper"),
    "dist_params": (dict(backend="mpi"), "write env_cfg.dist_cfg"),
    "gpu_ids": ([0], "CUDA_VISIBLE_DEVICES"),
}


@pytest.mark.parametrize("key", MISTAKES)
def test_mistakes_are_named(config, key, nothing_is_built):
    value, message = MISTAKES[key]
    message = f"{key}: (unknown key|mmengine no longer reads it).*{message}"
    with pytest.raises(ValueError, match=f"^{message}"):
        parse_phases(config(**{key: value}))
    own = dict(tasks=["depth"], cfg={key: value})
    with pytest.raises(ValueError, match=rf"^phases\[1\]: {message}"):
        parse_phases(config(phases=[dict(tasks=["seg"]), own]))


@pytest.mark.parametrize(
    ("own", "place"),
    [
        (dict(lr=0.1), "optim_wrapper.optimizer.lr"),
        (dict(max_epochs=3), "train_cfg.max_epochs"),
        (dict(batch_size=2), "train_dataloader.batch_size"),
        (dict(shuffle=False), "train_dataloader.sampler.shuffle"),
    ],
)
def test_an_option_at_the_top_of_a_phases_overrides(config, nothing_is_built, own, place):
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own)])
    (key,) = own
    with pytest.raises(
        ValueError, match=rf"^phases\[1\]: {key}: nothing .* did you mean {place}\?"
    ):
        parse_phases(cfg)
    cfg.phases[1].cfg = dict(mine=3, _lr=own)
    parse_phases(cfg)
    cfg.phases[1].cfg = dict(train_pipeline=[])
    with pytest.raises(ValueError, match=r"^phases\[1\]: train_pipeline is a variable, .* used al"):
        parse_phases(cfg)


def test_user_variables_are_allowed(config):
    hook = dict(type="EMAHook", momentum=0.1)
    cfg = config(
        custom_hooks=[hook],
        # used, one of them in the last phase, one changed since
        ema=hook,
        smoothing=dict(type="SyncBuffersHook"),
        loader=dict(batch_size=8, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True)),
        # not of one particular section
        backbone=dict(type="ResNet", depth=18),
        dataset=dict(type="RoomsDataset", split="other"),
        decoder=dict(type="FCNHead"),
        flip=dict(type="RandomFlip", prob=0.5),
        norm_cfg=dict(type="BN"),
        # no configs at all
        numbers=[1, 2, 3],
        sizes=dict(small=1, large=2),
        data=dict(root="/x"),
        runner="mine",
        lr=0.1,
        nothing=dict(),
        # meant to be unused
        _early_stopping=MISTAKES["early_stopping"][0],
        lr_config=None,
    )
    cfg.phases[2].cfg = dict(custom_hooks=[dict(type="SyncBuffersHook")])
    check_top_keys(cfg)
    parse_phases(cfg)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.1}, "unknown key 'lr'; did you mean optim_wrapper.optimizer.lr"),
        ({"max_keep_ckpts": 1}, "unknown key 'max_keep_ckpts'$"),
        ({"optimizers.lr": 1}, "unknown key 'optimizers'; did you mean 'optim_wrapper'"),
        ({"backbone.depth": 50}, "unknown key 'backbone'; did you mean model.backbone.depth"),
        ({"data.samples_per_gpu": 2}, "unknown key 'data'; mmengine no longer .* train_dataloader"),
        ({"optim_wraper.optimizer.lr": 0.1}, "unknown key 'optim_wraper'; did you mean 'optim_wr"),
        ({"data_root": "/x"}, "data_root is a variable of the config file"),
        ({"optimizer.lr": 0.1}, "optimizer is a variable"),
        ({"mine": 3}, "mine is a variable"),
    ],
)
def test_overrides_without_effect_are_refused(options, message):
    cfg = Config(dict(mine=1, model=dict(backbone=dict(depth=18))))
    cfg.optim_wrapper = dict(optimizer=dict(lr=0.2))
    with pytest.raises(ValueError, match=f"^--cfg-options .*: {message}"):
        check_overrides(options, cfg)
    cfg.runner_type = "mmseg.LifelongRunner"
    with pytest.raises(ValueError, match=message):
        check_overrides(options, cfg)
    cfg.runner_type = "MyRunner"  # it may read any key
    check_overrides(options, cfg)


def test_overrides_with_effect_are_allowed():
    options = {"model.method.loss_weight": 1.0, "randomness.seed": 3, "phases.1.cfg.a": 1}
    check_overrides(options, Config(dict(model=dict())))
    check_overrides(None, Config())


def test_a_file_with_overrides(tmp_path):
    path = tmp_path / "config.py"
    path.write_text("model = dict(a=1, b=2)")
    assert overridden(path, {"model.a": 3}).model == dict(a=3, b=2)
    assert overridden(path, None).model == dict(a=1, b=2)
    with pytest.raises(ValueError, match="unknown key 'mdoel'; did you mean 'model'"):
        overridden(path, {"mdoel.a": 3})


def test_an_old_key_that_the_config_hands_on_is_a_variable():
    sgd = dict(type="SGD", lr=0.1)
    check_top_keys(dict(total_epochs=9, train_cfg=dict(max_epochs=9)))
    check_top_keys(dict(dist_params=dict(backend="a"), env_cfg=dict(dist_cfg=dict(backend="a"))))
    check_top_keys(dict(optimizer=sgd, optim_wrapper=dict(optimizer=dict(sgd, momentum=0.9))))
    halved = dict(total_epochs=9, train_cfg=dict(max_epochs=4), optimizer=sgd)
    check_top_keys(halved, read={"total_epochs", "optimizer"})
    for name in ("total_epochs", "optimizer"):
        with pytest.raises(ValueError, match=f"{name}: mmengine no longer reads it"):
            check_top_keys(halved, read={"total_epochs", "optimizer"} - {name})


def test_a_seed_at_the_top_is_a_variable_or_a_mistake():
    check_top_keys(dict(seed=3, randomness=dict(seed=3)))
    for randomness in (None, dict(seed=0)):
        with pytest.raises(ValueError, match=r"seed: .*write randomness\.seed"):
            check_top_keys(dict(seed=3, randomness=randomness))
