"""Bad inputs: loaders, loops, optimisers, schedules and checkpoints."""

from .registry import edits

TRAIN = "train_dataloader"
TEST = "test_dataloader"

edits(
    "training",
    ("batch_size=0", {f"{TRAIN}.batch_size": 0}, f"{TRAIN}.batch_size", "0"),
    ("batch_size below 0", {f"{TEST}.batch_size": -2}, f"{TEST}.batch_size", "-2"),
    ("batch_size as text", {f"{TRAIN}.batch_size": "2"}, "batch_size", "'2'"),
    ("workers below 0", {f"{TRAIN}.num_workers": -1}, "num_workers", "-1"),
    ("persistent workers, but none", {f"{TRAIN}.persistent_workers": True}, "persistent_workers"),
    ("prefetching without workers", {f"{TRAIN}.prefetch_factor": 2}, "prefetch_factor", "2"),
    ("a timeout below 0", {f"{TRAIN}.timeout": -1}, "timeout", "-1"),
    (
        "a batch larger than the phase",
        {f"{TRAIN}.batch_size": 4, f"{TRAIN}.drop_last": True},
        "batch",
        "4",
    ),
    (
        "a last batch of one image under BN",
        {
            f"{TRAIN}.batch_size": 1,
            "model.heads.seg.decoder": dict(
                type="PSPHead",
                in_channels=32,
                in_index=3,
                channels=4,
                pool_scales=(1,),
                norm_cfg=dict(type="BN"),
            ),
        },
        "batch_size",
        "1",
    ),
    ("an unknown collate function", {f"{TRAIN}.collate_fn": dict(type="my_collate")}, "my_collate"),
    ("no train loader", {TRAIN: None}, TRAIN),
    ("no train_cfg", {"train_cfg": None}, "train_cfg"),
    ("no optimiser", {"optim_wrapper": None}, "optim_wrapper"),
    ("no model", {"model": ...}, "model"),
    ("no work_dir", {"work_dir": None}, "work_dir", "--work-dir"),
    ("max_epochs=0", {"train_cfg.max_epochs": 0}, "max_epochs", "0"),
    ("max_epochs below 0", {"train_cfg.max_epochs": -1}, "max_epochs", "-1"),
    ("max_epochs a fraction", {"train_cfg.max_epochs": 1.5}, "max_epochs", "1.5"),
    ("max_epochs missing", {"train_cfg": dict(type="EpochBasedTrainLoop")}, "max_epochs"),
    (
        "max_iters in a loop of epochs",
        {"train_cfg": dict(type="EpochBasedTrainLoop", max_iters=10)},
        "max_iters",
    ),
    ("val_interval=0", {"train_cfg.val_interval": 0}, "val_interval", "0"),
    (
        "an endless sampler by epochs",
        {f"{TRAIN}.sampler": dict(type="InfiniteSampler")},
        "sampler",
        "DefaultSampler",
    ),
    ("a learning rate below 0", {"optim_wrapper.optimizer.lr": -0.1}, "lr", "-0.1"),
    ("a learning rate of 0", {"optim_wrapper.optimizer.lr": 0.0}, "lr", "0"),
    ("a learning rate of NaN", {"optim_wrapper.optimizer.lr": float("nan")}, "lr", "NaN"),
    ("a learning rate as text", {"optim_wrapper.optimizer.lr": "1e-3"}, "lr", "'1e-3'"),
    ("momentum above 1", {"optim_wrapper.optimizer.momentum": 9.0}, "momentum", "9"),
    (
        "weight decay below 0",
        {"optim_wrapper.optimizer.weight_decay": -0.1},
        "weight_decay",
        "-0.1",
    ),
    (
        "no gradients accumulated",
        {"optim_wrapper.accumulative_counts": 0},
        "accumulative_counts",
        "0",
    ),
    (
        "gradients clipped to below 0",
        {"optim_wrapper.clip_grad": dict(max_norm=-1)},
        "max_norm",
        "-1",
    ),
    (
        "gradients clipped without a norm",
        {"optim_wrapper.clip_grad": dict(norm_type=2)},
        "max_norm",
    ),
    ("gradients clipped to 0", {"optim_wrapper.clip_grad": dict(max_norm=0)}, "max_norm", "0"),
    (
        "lr_mult of NaN",
        {"optim_wrapper.paramwise_cfg": dict(custom_keys=dict(heads=dict(lr_mult=float("nan"))))},
        "lr_mult",
        "NaN",
    ),
    (
        "a schedule that ends before it begins",
        {"param_scheduler.0.begin": 3},
        "param_scheduler[0]",
        "3",
    ),
    (
        "a schedule by epochs in a loop of iterations",
        {"train_cfg": dict(type="IterBasedTrainLoop", max_iters=3)},
        "param_scheduler[0]",
        "by_epoch",
    ),
    (
        "a schedule's power of NaN",
        {"param_scheduler.0.power": float("nan")},
        "param_scheduler[0].power",
        "NaN",
    ),
    (
        "a schedule's T_max of 0",
        {"param_scheduler": [dict(type="CosineAnnealingLR", T_max=0)]},
        "T_max",
        "0",
    ),
    (
        "milestones that fall",
        {"param_scheduler": [dict(type="MultiStepLR", milestones=[9, 3])]},
        "milestones",
        "[9, 3]",
    ),
    (
        "a schedule that begins at a fraction",
        {"param_scheduler.0.begin": 0.5},
        "param_scheduler[0]",
        "0.5",
    ),
    (
        "checkpoints every 0 epochs",
        {"default_hooks.checkpoint.interval": 0},
        "checkpoint.interval",
        "0",
    ),
    ("no checkpoint kept", {"default_hooks.checkpoint.max_keep_ckpts": 0}, "max_keep_ckpts", "0"),
    (
        "the best of an unknown task",
        {"default_hooks.checkpoint.save_best": "segm/mIoU"},
        "save_best",
        "'segm/mIoU'",
    ),
    (
        "a log every 0 steps",
        {"default_hooks.logger": dict(type="LoggerHook", interval=0)},
        "default_hooks.logger",
        "0",
    ),
    (
        "EMA with a momentum above 1",
        {"custom_hooks": [dict(type="EMAHook", momentum=2.0)]},
        "momentum",
        "2",
    ),
    ("a launcher that does not exist", {"launcher": "mpirun"}, "launcher", "'mpirun'"),
)

edits(
    "training",
    ("load_from is a folder", {"load_from": "configs"}, "load_from", "'configs'"),
    ("load_from is not there", {"load_from": "no.pth"}, "load_from", "'no.pth'"),
    error=FileNotFoundError,
)

edits(
    "training",
    ("a schedule as a string", {"param_scheduler": "PolyLR"}, "param_scheduler", "'PolyLR'"),
    (
        "a greatest rate below 0",
        {"param_scheduler": [dict(type="OneCycleLR", eta_max=-1.0, total_steps=1)]},
        "param_scheduler[0].eta_max",
        "-1",
    ),
    (
        "a schedule that follows a metric without a validation",
        {"param_scheduler": [dict(type="ReduceOnPlateauLR", monitor="depth/abs_err")]},
        "param_scheduler[0]",
        "val_cfg",
    ),
    (
        "a folder of checkpoints that is a number",
        {"default_hooks.checkpoint.out_dir": 5},
        "out_dir",
        "5",
    ),
    (
        "a misspelt key of parameters",
        {"optim_wrapper.paramwise_cfg": dict(custom_keys={"bakcbone": dict(lr_mult=0.1)})},
        "custom_keys",
        "'backbone'",
    ),
)
