"""Bad inputs: keys at every level, and names in registries."""

from .registry import edits

TRAIN = "train_dataloader"

edits(
    "keys",
    ("a loader that is a flag", {"train_dataloader": True}, "train_dataloader", "True"),
    ("a loader without a dataset", {"train_dataloader.dataset": ...}, "train_dataloader.dataset"),
    ("a dataset that is a name", {"train_dataloader.dataset": "rooms"}, ".dataset", "'rooms'"),
    ("a scope that is a number", {"default_scope": 7}, "default_scope", "7"),
    ("hooks that are a list", {"default_hooks": [1]}, "default_hooks", "[1]"),
    ("an optimiser that is a name", {"optim_wrapper": "SGD"}, "optim_wrapper", "'SGD'"),
    (
        "a misspelt key at the top",
        {"train_dataloder": dict()},
        "train_dataloder",
        "train_dataloader",
    ),
    ("a misspelt key of the model", {"model.heds": dict()}, "model.heds", "heads"),
    ("a misspelt key of a head", {"model.heads.seg.num_clases": 4}, "num_clases", "num_classes"),
    ("a misspelt key of a decoder", {"model.heads.seg.decoder.chanels": 4}, "chanels", "channels"),
    ("a misspelt key of a loader", {f"{TRAIN}.batchsize": 4}, "batchsize", "batch_size"),
    (
        "a misspelt key of a dataset",
        {f"{TRAIN}.dataset.anotations": {}},
        "anotations",
        "annotations",
    ),
    (
        "a misspelt key of an annotation",
        {f"{TRAIN}.dataset.annotations.depth.scal": 1},
        "scal",
        "scale",
    ),
    ("a misspelt key of img", {f"{TRAIN}.dataset.img.sufix": ".png"}, "sufix", "suffix"),
    (
        "a misspelt key of a transform",
        {f"{TRAIN}.dataset.pipeline.0.ignore_emtpy": 1},
        "ignore_emtpy",
        "ignore_empty",
    ),
    ("a misspelt key of train_cfg", {"train_cfg.max_epoch": 3}, "max_epoch", "max_epochs"),
    (
        "a misspelt key of the optimiser",
        {"optim_wrapper.optimizer.momentun": 0.9},
        "momentun",
        "momentum",
    ),
    ("a misspelt key of a schedule", {"param_scheduler.0.powr": 0.9}, "powr", "power"),
    (
        "a misspelt key of a hook",
        {"default_hooks.checkpoint.intervall": 1},
        "intervall",
        "interval",
    ),
    ("a misspelt key of a metric", {"test_evaluator.metrics.seg.nan_to_nun": 1}, "nan_to_nun"),
    ("a misspelt type", {"optim_wrapper.optimizer.type": "SDG"}, "'SDG'", "'SGD'"),
    (
        "a sampler misspelt",
        {f"{TRAIN}.sampler.type": "DefaultSampelr"},
        "DefaultSampelr",
        "DefaultSampler",
    ),
    ("a metric of an unknown type", {"test_evaluator.metrics.seg.type": "IoU"}, "'IoU'"),
    ("a dataset of an unknown type", {f"{TRAIN}.dataset.type": "MyDataset"}, "'MyDataset'"),
    (
        "a transform of an unknown type",
        {f"{TRAIN}.dataset.pipeline.1.type": "LoadAll"},
        "'LoadAll'",
    ),
    (
        "a hook of an unknown type",
        {"custom_hooks": [dict(type="NoSuchHook")]},
        "'NoSuchHook'",
        "custom_hooks",
    ),
    (
        "a hook's option that is refused",
        {"custom_hooks": [dict(type="FiniteHook", action="ignore")]},
        "action",
        "'ignore'",
    ),
    (
        "a visualizer of an unknown type",
        {"visualizer": dict(type="NoVis")},
        "'NoVis'",
        "visualizer",
    ),
    ("a loop of an unknown type", {"train_cfg.type": "MyLoop"}, "'MyLoop'", "train_cfg"),
    ("a hook that is a string", {"custom_hooks": ["FiniteHook"]}, "custom_hooks", "FiniteHook"),
    ("hooks as a dict", {"custom_hooks": dict(type="FiniteHook")}, "custom_hooks"),
    ("an unknown log level", {"log_level": "LOUD"}, "log_level", "LOUD"),
    ("a seed that is text", {"randomness.seed": "one"}, "seed", "'one'"),
    ("a negative seed", {"randomness.seed": -1}, "seed", "-1"),
)
