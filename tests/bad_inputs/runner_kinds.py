"""Bad inputs: schedules, hooks, visualizers and processes of other kinds than mmengine takes."""

import numpy as np

from .registry import edits

BACKENDS = "visualizer.vis_backends"
VISUALIZER = dict(type="Visualizer", vis_backends=[dict(type="LocalVisBackend")])
MOMENTUM = dict(type="EMAHook", momentum=[])


def drawn(**options):
    """A visualizer whose backend has other options."""
    return {"visualizer": {**VISUALIZER, "vis_backends": [options]}}


def factors(**options):
    """Factors of the learning rate and the decay of parts of the model."""
    return {
        "optim_wrapper.optimizer": dict(type="AdamW", lr=0.01, weight_decay=0.01),
        "optim_wrapper.paramwise_cfg": options,
    }


def adam(**options):
    return {"optim_wrapper.optimizer": dict(type="AdamW", lr=0.01, **options)}


edits(
    "runner",
    ("schedules of no kind", {"param_scheduler": {}}, "param_scheduler", "{}"),
    ("a schedule without type", {"param_scheduler": dict(a=1)}, "param_scheduler", "'a': 1"),
    ("hooks that are a number", {"custom_hooks": 3}, "custom_hooks", "3"),
    ("hooks that are NaN", {"custom_hooks": float("nan")}, "custom_hooks", "nan"),
    ("a log level of None", {"log_level": None}, "log_level", "None"),
    ("no environment", {"env_cfg": None}, "env_cfg", "None"),
    (
        "arguments that a backend lacks",
        {"default_hooks.checkpoint.backend_args": dict(a=1)},
        "default_hooks.checkpoint",
        "backend_args",
    ),
    (
        "a backend that does not exist",
        {"default_hooks.checkpoint.backend_args": dict(backend="disk")},
        "default_hooks.checkpoint",
        "disk",
    ),
    (
        "a part that no checkpoint has",
        {"default_hooks.checkpoint.published_keys": ["state_dcit"]},
        "published_keys",
        "'state_dict'",
    ),
    ("an option that torch's DDP lacks", {"model_wrapper_cfg": dict(a=1)}, "model_wrapper_cfg.a"),
    (
        "unused parameters as text",
        {
            "model_wrapper_cfg": dict(
                type="MMDistributedDataParallel",
                find_unused_parameters="no",
            )
        },
        "model_wrapper_cfg.find_unused_parameters",
        "'no'",
    ),
    (
        "a dict for a list of schedules in a phase",
        {"phases": [dict(tasks=["seg"], cfg=dict(param_scheduler=dict(a=1)))]},
        "phases[0].cfg.param_scheduler",
    ),
    (
        "a hook of tests in a training",
        {"custom_hooks": [dict(type="PrepareTTAHook", tta_cfg={})]},
        "custom_hooks[0]",
        "--tta",
    ),
    ("a misspelt model of views", {"tta_model": dict(type="SegTTAModle")}, "tta_model", "TTAModel"),
    ("a limit of files below 1", {"env_cfg": dict(resource_limit=-1)}, "resource_limit", "-1"),
    (
        "an opacity above 1",
        {"visualizer": dict(type="SegLocalVisualizer", alpha=2)},
        "visualizer.alpha",
        "2",
    ),
    ("no options of processes", {"env_cfg": dict(mp_cfg=None)}, "env_cfg.mp_cfg", "None"),
    ("no limit of files", {"env_cfg": dict(resource_limit=None)}, "resource_limit", "None"),
    ("a log processor that is a number", {"log_processor": np.int64(3)}, "log_processor", "3"),
    ("a visualizer without type", {"visualizer": dict(a=1)}, "visualizer", "type"),
    ("an empty visualizer", {"visualizer": {}}, "visualizer", "type"),
    ("backends that are a flag", {"visualizer": {**VISUALIZER, "vis_backends": True}}, BACKENDS),
    ("a backend by its name", {"visualizer": {**VISUALIZER, "vis_backends": "x"}}, BACKENDS, "'x'"),
    ("a backend that is None", {"visualizer": {**VISUALIZER, "vis_backends": [None]}}, BACKENDS),
    ("a backend without type", drawn(a=1), f"{BACKENDS}[0]", "'a': 1"),
    (
        "a file of the wrong kind",
        drawn(type="LocalVisBackend", config_save_file="config.txt"),
        "visualizer",
        "config_save_file",
    ),
    ("a key that a test loop lacks", {"test_cfg": dict(a=1)}, "test_cfg.a"),
    ("an optimiser that is a name", {"optim_wrapper.optimizer": "SGD"}, ".optimizer", "'SGD'"),
    ("an optimiser of None", {"optim_wrapper.optimizer": None}, ".optimizer", "None"),
    ("an optimiser without type", {"optim_wrapper.optimizer": dict(lr=1)}, ".optimizer", "'lr'"),
    ("betas that are a number", adam(betas=0.9), "betas", "0.9"),
    ("one beta", adam(betas=[0.9]), "betas", "[0.9]"),
    ("no betas", adam(betas=None), "betas", "None"),
    ("a factor below 0", factors(norm_decay_mult=-1), "norm_decay_mult", "-1"),
    ("an infinite factor", factors(bias_lr_mult=float("inf")), "bias_lr_mult", "inf"),
    (
        "a part's factor below 0",
        factors(custom_keys=dict(backbone=dict(decay_mult=-1))),
        "custom_keys['backbone'].decay_mult",
        "-1",
    ),
    (
        "a part's option that the optimiser lacks",
        factors(custom_keys=dict(backbone=dict(momentum=0.5))),
        "custom_keys['backbone'] has 'momentum'",
    ),
    (
        "a factor of a rate that is not set",
        {**factors(bias_lr_mult=2), "optim_wrapper.optimizer": dict(type="SGD")},
        "bias_lr_mult",
        "optimizer.lr",
    ),
    (
        "a momentum that is a list",
        {"custom_hooks": [MOMENTUM]},
        "custom_hooks[0]",
        "momentum",
        "[]",
    ),
    (
        "buffers as text",
        {"custom_hooks": [dict(type="EMAHook", update_buffers="no")]},
        "custom_hooks[0]",
        "update_buffers",
    ),
    (
        "an average of no kind",
        {"custom_hooks": [dict(type="EMAHook", ema_type="Mean")]},
        "custom_hooks[0]",
        "ema_type",
        "'Mean'",
    ),
    (
        "a start above 1",
        {"param_scheduler": [dict(type="LinearLR", start_factor=30, begin=0, end=1)]},
        "LinearLR",
        "start_factor=30",
    ),
    (
        "an average that begins too late",
        {"custom_hooks": [dict(type="EMAHook", begin_iter=np.int64(9))]},
        "9",
    ),
)
