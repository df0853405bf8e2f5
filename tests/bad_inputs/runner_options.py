"""Bad inputs: options of runner, schedules and optimisers that mmengine ignores."""

from pathlib import Path

import numpy as np
import torch

from .registry import edits

OPTIM, SCHEDULE = "optim_wrapper", "param_scheduler"


def schedule(**options):
    return {SCHEDULE: [dict(by_epoch=True, **options)]}


def half(**options):
    optimizer = dict(type="SGD", lr=0.01)
    return {OPTIM: dict(type="AmpOptimWrapper", dtype="bfloat16", optimizer=optimizer, **options)}


edits(
    "runner",
    ("a misspelt seed", {"randomness": dict(sead=0)}, "randomness.sead", "'seed'"),
    ("deterministic as text", {"randomness": dict(deterministic="no")}, "deterministic", "'no'"),
    ("a misspelt cudnn_benchmark", {"env_cfg": dict(cudnn_benchmarks=True)}, "'cudnn_benchmark'"),
    (
        "an unknown start",
        {"env_cfg": dict(mp_cfg=dict(mp_start_method="fort"))},
        "'fork'",
        "'fort'",
    ),
    ("resume as text", {"resume": "False"}, "resume", "'False'"),
    ("compile as text", {"compile": "yes"}, "compile", "'yes'"),
    ("find_unused_parameters as text", {"find_unused_parameters": "no"}, "'no'"),
    ("an unknown sync_bn", {"sync_bn": "torchx"}, "sync_bn", "'torch'", "'torchx'"),
    (
        "a learning rate scaled by a batch of 0",
        {"auto_scale_lr": dict(enable=True, base_batch_size=0)},
        "base_batch_size",
        "0",
    ),
    ("a scaled learning rate", {"auto_scale_lr": dict(enable=True)}, "base_batch_size", "None"),
    ("a misspelt enable", {"auto_scale_lr": dict(enabled=True)}, "enabled", "'enable'"),
    (
        "a misspelt norm_decay_mult",
        {f"{OPTIM}.paramwise_cfg": dict(norm_decay_multi=0.0)},
        "norm_decay_multi",
        "'norm_decay_mult'",
    ),
    (
        "a misspelt lr_mult",
        {f"{OPTIM}.paramwise_cfg": dict(custom_keys=dict(backbone=dict(lr_mul=0.1)))},
        "'backbone'",
        "'lr_mul'",
        "'lr_mult'",
    ),
    (
        "a factor alone as a custom key",
        {f"{OPTIM}.paramwise_cfg": dict(custom_keys=dict(backbone=0.1))},
        "'backbone'",
        "lr_mult",
        "0.1",
    ),
    (
        "a factor as text",
        {f"{OPTIM}.paramwise_cfg": dict(bias_lr_mult="2")},
        "bias_lr_mult",
        "'2'",
    ),
    ("a misspelt loss_scale", half(loss_scale="dynamik"), "'dynamic'", "'dynamik'"),
    ("a loss_scale of 0", half(loss_scale=0), "loss_scale", "0"),
    ("a warm-up from 0", schedule(type="LinearLR", start_factor=0.0, end=1), "start_factor", "0.0"),
    ("a constant factor of 0", schedule(type="ConstantLR", factor=0.0), "factor", "0.0"),
    ("a decay to 0 at once", schedule(type="ExponentialLR", gamma=0.0), "gamma", "0.0"),
    ("a decay that rises", schedule(type="PolyLR", power=-1.0, end=1), "power", "-1.0"),
    (
        "restarts without a lowest rate",
        schedule(type="CosineRestartLR", periods=[1], restart_weights=[1]),
        "param_scheduler[0] (CosineRestartLR)",
        "eta_min",
    ),
    ("a decay over 10^9 epochs", schedule(type="PolyLR", end=10**9), "PolyLR", "leave end out"),
    (
        "a converted decay without an end in a phase of iterations",
        {
            "train_cfg": dict(type="IterBasedTrainLoop", max_iters=2),
            **schedule(type="PolyLR", convert_to_iter_based=True),
        },
        "PolyLR",
        "after one epoch",
    ),
    (
        "a cycle that is over before the phase",
        {SCHEDULE: [dict(type="OneCycleLR", eta_max=0.1, total_steps=1, by_epoch=False)]},
        "total_steps=1",
        "2 iterations",
    ),
    (
        "a decay below 0",
        schedule(type="PolyLR", eta_min=-0.1, end=1, convert_to_iter_based=True),
        "param_scheduler[0].eta_min",
        "-0.1",
    ),
    ("milestones that are none", schedule(type="MultiStepLR", milestones=[]), "milestones", "[]"),
    ("a switch that is a number", schedule(type="PolyLR", end=1, verbose=3), "verbose", "3"),
    ("text as an evaluator", {"test_evaluator": "mIoU"}, "test_evaluator", "'mIoU'"),
    ("a sampler by its name", {"train_dataloader.sampler": "DefaultSampler"}, "dict(type=...)"),
    ("a sampler without type", {"train_dataloader.sampler": {}}, "sampler", "dict(type=...)"),
    ("a sampler that is a path", {"train_dataloader.sampler": Path("x")}, "sampler", "'x'"),
    ("a collation without type", {"train_dataloader.collate_fn": {}}, "collate_fn", "{}"),
    ("batches without type", {"train_dataloader.batch_sampler": dict(a=1)}, "batch_sampler", "a"),
    ("a loader that shuffles", {"train_dataloader.shuffle": True}, "shuffle", "sampler"),
    ("drop_last of None", {"train_dataloader.drop_last": None}, "drop_last", "None"),
    ("a loader that is a number", {"train_dataloader": np.float32(2.5)}, "train_dataloader", "2.5"),
    ("a loop that is a path", {"train_cfg": Path("x")}, "train_cfg", "'x'"),
    ("a dataset that is a tensor", {"train_dataloader.dataset": torch.ones(())}, ".dataset", "1."),
    ("a dataset without type", {"train_dataloader.dataset.type": ...}, ".dataset", "type"),
    ("no evaluator in a list", {"test_evaluator": [None]}, "test_evaluator", "[None]"),
    ("no schedule in a list", {"param_scheduler": [None]}, "param_scheduler", "[None]"),
    ("a loop without type", {"train_cfg": dict(max_epochs=1)}, "train_cfg.type", "IterBased"),
    (
        "a loop of type and unit",
        {"train_cfg.by_epoch": True},
        "train_cfg.by_epoch",
    ),
    (
        "a loop by epochs of iterations",
        {"train_cfg": dict(by_epoch=True, max_iters=3)},
        "max_iters",
    ),
    ("a loop of no type", {"train_cfg.type": None}, "train_cfg.type", "None"),
    ("a seed at the top", {"seed": 7}, "seed", "randomness.seed"),
    (
        "one name for all checkpoints",
        {"default_hooks": dict(checkpoint=dict(type="CheckpointHook", filename_tmpl="last.pth"))},
        "filename_tmpl",
        "'last.pth'",
    ),
    ("one mean for all", {"model.data_preprocessor.mean": 120.0}, "mean", "120.0", "list"),
    ("std as text", {"model.data_preprocessor.std": ["1"] * 3}, "std", "'1'", "numbers"),
    (
        "a misspelt window_size",
        {"log_processor": dict(windowsize=10)},
        "windowsize",
        "'window_size'",
    ),
    ("a log of 0 steps", {"log_processor": dict(window_size=0)}, "window_size", "0"),
    (
        "a misspelt statistic",
        {"log_processor": dict(custom_cfg=[dict(data_src="loss", method_name="meann")])},
        "custom_cfg[0].method_name",
        "'mean'",
    ),
    (
        "a misspelt option of a statistic",
        {
            "log_processor": dict(
                custom_cfg=[dict(data_src="loss", method_name="mean", log_nam="x")]
            )
        },
        "custom_cfg[0].log_nam",
        "'log_name'",
    ),
    (
        "a window of the current value",
        {
            "log_processor": dict(
                custom_cfg=[dict(data_src="loss", method_name="current", window_size=5)]
            )
        },
        "custom_cfg[0].window_size",
        "'current'",
    ),
    (
        "a statistic of nothing",
        {"log_processor": dict(custom_cfg=[dict(data_src="los", method_name="mean")])},
        "'los'",
        "'loss'",
    ),
    ("a pattern that is none", {"log_processor": dict(mean_pattern="(")}, "mean_pattern", "'('"),
    (
        "an unknown backend of processes",
        {"env_cfg": dict(dist_cfg=dict(backend="cpu:gloo,cuda:ncll"))},
        "env_cfg.dist_cfg.backend",
        "'nccl'",
    ),
    (
        "a timeout as text",
        {"env_cfg": dict(dist_cfg=dict(timeout="60"))},
        "dist_cfg.timeout",
        "'60'",
    ),
    ("a misspelt backend", {"env_cfg": dict(dist_cfg=dict(backnd="gloo"))}, "'backend'"),
    ("a misspelt wrapper", {"model_wrapper_cfg": dict(type="MMDistributed")}, "'MMDistributed'"),
    (
        "pictures of every 0th image",
        {"default_hooks.visualization": dict(type="SegVisualizationHook", draw=True, interval=0)},
        "default_hooks.visualization.interval",
        "0",
    ),
    ("drop_last as text", {"train_dataloader.drop_last": "False"}, "drop_last", "'False'"),
    ("shuffle as text", {"train_dataloader.sampler.shuffle": "False"}, "shuffle", "'False'"),
    ("disjoint_phases as text", {"disjoint_phases": "False"}, "disjoint_phases", "'False'"),
    ("fp16 as text", {"test_cfg": dict(type="TestLoop", fp16="no")}, "test_cfg.fp16", "'no'"),
    ("norm_eval as text", {"model.backbone.norm_eval": "no"}, "backbone.norm_eval", "'no'"),
    ("a misspelt norm", {"model.backbone.norm_cfg": dict(type="BNN")}, "norm_cfg", "'BN'", "'BNN'"),
    (
        "a misspelt initialisation",
        {"model.backbone.init_cfg": [dict(type="Kaimin", layer="Conv2d")]},
        "init_cfg",
        "'Kaimin'",
        "'Kaiming'",
    ),
    ("a metric in a list", {"test_evaluator": [dict(type="IoUMetric")]}, "test_evaluator[0]"),
)
edits(
    "runner",
    ("weights that are not there", {"model.pretrained": "none.pth"}, "pretrained", "'none.pth'"),
    error=FileNotFoundError,
)
