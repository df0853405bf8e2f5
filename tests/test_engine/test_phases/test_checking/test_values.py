"""Invalid values are refused before anything is built."""

import copy
import math

import pytest
from mmengine.hooks import Hook

from mmlhl.engine import LifelongRunner, parse_phases
from mmlhl.engine.hooks import PhaseResultHook
from mmlhl.engine.phases import phase_config

HAD = dict(type="HAD")
WRONG = [
    ({"train_cfg.max_epochs": 0}, "train_cfg.max_epochs must be a whole number >= 1, got 0"),
    ({"train_cfg.max_epochs": None}, "max_epochs .*got None"),
    ({"train_cfg.val_interval": 0}, "val_interval"),
    ({"model.method.loss_weight": math.nan}, "model.method.loss_weight is NaN"),
    ({"model.method.loss_weight": math.inf}, "model.method.loss_weight is inf"),
    ({"model.method.loss_weight": -1.0}, r"loss_weight must be a number >= 0, got -1.0"),
    ({"model.method.loss_weight": None}, r"loss_weight must be a number >= 0, got None"),
    (
        {"model.heads.depth.loss": [dict(type="DenseL1Loss", loss_weight=math.nan)]},
        r"model.heads.depth.loss\[0\].loss_weight is NaN",
    ),
    ({"model.heads.depth.loss": dict(type="DenseL1Loss", loss_weight="a")}, "depth.loss.loss_w"),
    ({"optim_wrapper.optimizer.lr": math.nan}, "optim_wrapper.optimizer.lr is NaN"),
    ({"optim_wrapper.optimizer.lr": math.inf}, "optim_wrapper.optimizer.lr is inf"),
    ({"model.backbone.norm_cfg.eps": math.nan}, "model.backbone.norm_cfg.eps is NaN"),
    ({"train_dataloader.batch_size": 0}, "train_dataloader.batch_size .* got 0"),
    ({"train_dataloader.batch_size": "4"}, "batch_size"),
    ({"test_dataloader.drop_last": True}, "test_dataloader.drop_last=True would leave the last"),
    (
        {"test_dataloader.sampler": dict(_delete_=True, type="InfiniteSampler", shuffle=False)},
        "test_dataloader.sampler never ends, and so would the test",
    ),
    ({"train_dataloader.num_workers": -1}, "num_workers"),
    ({"train_dataloader.pin_memory": None}, "pin_memory must be True or False, got None"),
    ({"train_dataloader.batch_sampler": dict(type=None)}, "batch_sampler: it must be dict"),
    ({"train_dataloader.worker_init_fn": dict(seed=1)}, "worker_init_fn: it must be dict"),
    ({"train_dataloader.persistent_workers": True}, "persistent_workers=True needs num_workers"),
    ({"param_scheduler": [dict(type="PolyLR", begin=3, end=2)]}, "begins at 3 and ends at 2"),
    (
        {"param_scheduler": [dict(type="CosineAnnealingLR", T_max=0)]},
        "T_max must be a whole number >= 1",
    ),
    ({"param_scheduler": ["PolyLR"]}, r"param_scheduler must be dict.*got \['PolyLR'\]"),
    ({"model_wrapper_cfg": "MMDistributedDataParallel"}, "model_wrapper_cfg must be a dict"),
    ({"tta_pipeline": "flip"}, "tta_pipeline must be a list of transforms, got 'flip'"),
    ({"default_hooks.checkpoint.filename_tmpl": "e{}_{}"}, r"filename_tmpl must be .*'e{}_{}'"),
    ({"default_hooks.checkpoint.save_best": "sge/mIoU"}, "save_best names 'sge/mIoU'.*'seg'"),
    ({"default_hooks.checkpoint.save_best": ["seg/mIoU", "abs_err"]}, "names 'abs_err'"),
    ({"default_hooks.checkpoint.save_best": True}, "checkpoint.save_best .*True"),
    ({"default_hooks.checkpoint.rule": "max"}, "checkpoint.rule must be 'greater' or 'less'"),
    ({"default_hooks.timer": True}, r"default_hooks.timer: it must be dict\(type=...\), got True"),
    ({"test_cfg": dict(_delete_=True, fp61=True)}, "test_cfg.fp61: .* did you mean 'fp16'"),
    ({"test_cfg.fp16": "yes"}, "test_cfg.fp16 must be True or False, got 'yes'"),
    ({"test_cfg.fp16": 1}, "test_cfg.fp16: it must be True or False, got 1"),
    ({"visualizer.vis_backends": ["LocalVisBackend"]}, r"vis_backends\[0\]: it must be dict"),
    ({"visualizer.vis_backends": "LocalVisBackend"}, "vis_backends: it must be a list of dict"),
    ({"default_hooks.visualization": dict(interval=5)}, "visualization: it must be dict"),
    (
        {"custom_hooks": [dict(type="EMAHook", interval="5")]},
        r"\[0\].interval must be a whole number",
    ),
    (
        {"custom_hooks": [dict(type="EMAHook", interval=-1)]},
        r"interval must be a whole number >= 1",
    ),
    (
        {"custom_hooks": [dict(type="LifelongPhaseHook")]},
        r"custom_hooks\[0\]: each phase gets a LifelongPhaseHook",
    ),
    ({"default_hooks.own": dict(type="mmseg.RankStateHook")}, "default_hooks.own: each phase gets"),
    (
        {"custom_hooks": [dict(type=type("Mine", (PhaseResultHook,), {}))]},
        r"custom_hooks\[0\]: each phase gets a PhaseResultHook",
    ),
    (
        {"train_cfg": dict(_delete_=True, by_epoch=True, max_epochs=1, max_iters=3)},
        "train_cfg sets max_epochs and max_iters: take one of them out",
    ),
    (
        {"train_cfg": dict(_delete_=True, by_epoch="False", max_epochs=1)},
        "by_epoch must be True or False, got 'False'",
    ),
    (
        {"train_cfg": dict(_delete_=True, by_epoch=True, max_iters=3), "param_scheduler": None},
        "by_epoch=True and max_iters: set by_epoch=False, or leave it out",
    ),
    ({"train_cfg.val_begin": -1}, "val_begin must be a whole number >= 0, got -1"),
    (
        {"model.heads.depth.loss": dict(type="DenseL1Loss", loss_weight=[1.0])},
        r"depth.loss.loss_weight must be a number.*, got \[1.0\]",
    ),
    (
        {"model.method": dict(_delete_=True, type="SGP", seed=2**70)},
        r"model.method.seed must be a whole number within \[0, 2\*\*32\), got 1180",
    ),
    (
        {
            "model.method": dict(
                _delete_=True,
                type="Composite",
                methods=[dict(type="EWC", seed=-1), HAD],
            )
        },
        r"methods\[0\].seed must be a whole number within .*, got -1",
    ),
    ({"optim_wrapper.optimizer.params": []}, r"optimizer.params=\[\] would be ignored"),
    (
        {
            "optim_wrapper.optimizer.params": ["backbone"],
            "optim_wrapper.constructor": "LearningRateDecayOptimizerConstructor",
        },
        r"optim_wrapper.optimizer.params=\['backbone'\] would be ignored",
    ),
    ({"optim_wrapper.clip_grad": {}}, r"clip_grad must be a dict such as .*, got \{\}"),
    (
        {"optim_wrapper.clip_grad": dict(max_norm=1.0, norm_type="l2")},
        "norm_type must be a number > 0 or infinity, got 'l2'",
    ),
    (
        {"optim_wrapper.paramwise_cfg": dict(bypass_duplicate="no")},
        "bypass_duplicate must be True or False, got 'no'",
    ),
    (
        {"optim_wrapper.paramwise_cfg": dict(custom_keys=["backbone"])},
        r"custom_keys must be a dict such as .*, got \['backbone'\]",
    ),
    *(
        ({"optim_wrapper.paramwise_cfg": factors}, rf"{key} needs .*optimizer.weight_decay")
        for factors, key in [
            (dict(bias_decay_mult=0.0), "bias_decay_mult"),
            (dict(custom_keys=dict(backbone=dict(decay_mult=0.0))), r"\['backbone'\].decay_mult"),
        ]
    ),
    (
        {"model.heads.seg.decoder.sampler": dict(type="OHEMPixelSampler", tresh=0.7)},
        "decoder.sampler.tresh: .* did you mean 'thresh'",
    ),
    (
        {"model.heads.seg.decoder.sampler": [dict(type="OHEMPixelSampler")]},
        r"decoder.sampler: it must be dict\(type=...\)",
    ),
    (
        {
            "train_dataloader.dataset": dict(
                _delete_=True, type="RepeatDataset", times=-1, dataset=dict(type="RoomsDataset")
            )
        },
        "dataset.times: it must be at least 1, got -1",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
@pytest.mark.parametrize("in_a_later_phase", [False, True])
def test_refused(config, nothing_is_built, change, message, in_a_later_phase):
    cfg, change = config(), copy.deepcopy(change)
    if in_a_later_phase:
        cfg.phases[2].cfg = change
        message = rf"phases\[2\]: .*{message}"
    else:
        cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        parse_phases(cfg)


@pytest.mark.parametrize(
    "change",
    [
        {"model.method.loss_weight": 0},
        {"optim_wrapper.clip_grad": dict(max_norm=1.0, norm_type=math.inf)},
        {"default_hooks.checkpoint.save_best": "auto"},
        {"default_hooks.checkpoint.save_best": ["seg/mIoU", "normal/mean_err"]},
        {"train_cfg": dict(_delete_=True, by_epoch=True, max_epochs=1)},
        {"train_dataloader.dataset.annotations": dict(depth=dict(invalid=[0, math.nan]))},
        {"test_dataloader.dataset.annotations": dict(depth=dict(invalid=math.nan))},
    ],
)
def test_allowed(config, change):
    cfg = config()
    cfg.merge_from_dict(change)
    assert len(parse_phases(cfg)) == 3


BY_ITERATIONS = dict(_delete_=True, type="IterBasedTrainLoop", max_iters=9)


def test_a_schedule_by_epochs_in_a_phase_by_iterations(config, nothing_is_built):
    """Refused where it was written for that loop; a phase's other loop takes it along."""
    words = r"param_scheduler\[0\] \(PolyLR\) counts epochs, but train_cfg trains by iterations"
    cfg = config()
    cfg.merge_from_dict({"train_cfg": copy.deepcopy(BY_ITERATIONS)})
    with pytest.raises(ValueError, match=f"^{words}"):
        parse_phases(cfg)
    cfg = config()
    cfg.phases[2].cfg = dict(
        train_cfg=copy.deepcopy(BY_ITERATIONS), param_scheduler=[dict(type="PolyLR", end=9)]
    )
    with pytest.raises(ValueError, match=rf"^phases\[2\]: {words}"):
        parse_phases(cfg)


@pytest.mark.parametrize(
    "loop",
    [dict(max_iters=9), dict(type="IterBasedTrainLoop", max_iters=9), BY_ITERATIONS],
    ids=["length", "loop", "loop and no other key"],
)
@pytest.mark.parametrize(
    "schedule",
    [
        dict(type="PolyLR", begin=0, end=2),
        dict(type="StepLR", step_size=1),
        dict(type="MultiStepLR", milestones=[1]),
        dict(type="ExponentialLR", gamma=0.5),
        dict(type="OneCycleLR", eta_max=0.1, total_steps=2),
        dict(type="CosineRestartLR", periods=[1, 1], restart_weights=[1, 1], eta_min=0.0),
        dict(type="ConstantLR", factor=0.5, end=1),
    ],
    ids=lambda schedule: schedule["type"],
)
def test_a_phase_by_iterations_in_a_sequence_by_epochs(config, loop, schedule):
    cfg = config(param_scheduler=[schedule])
    cfg.phases[1].cfg = dict(train_cfg=copy.deepcopy(loop))
    own = phase_config(cfg, parse_phases(cfg), 1)
    assert own.train_cfg.type == "IterBasedTrainLoop" and own.train_cfg.max_iters == 9
    assert own.param_scheduler[0].by_epoch is False
    assert cfg.param_scheduler[0] == schedule


def test_config_without_training_needs_no_loader(config):
    """A config that nothing is trained with, as in a test of a schedule."""
    cfg = config()
    for key in ("train_dataloader", "optim_wrapper"):
        changed = copy.deepcopy(cfg)
        changed.pop(key)
        parse_phases(changed)
        with pytest.raises(ValueError, match=f"^{key} is not set, so nothing could be trained"):
            LifelongRunner.from_cfg(changed).train()


class SecondsHook(Hook):
    """A hook of the user's whose interval is no number of steps."""

    def __init__(self, interval):
        self.interval = interval


@pytest.mark.parametrize(
    "changes",
    [
        {"custom_hooks": [dict(type=SecondsHook, interval=0.5)]},
        {"train_dataloader.dataset.annotations": dict(depth=dict(invalid=math.nan))},
        {"train_dataloader.dataset.annotations": dict(depth=dict(invalid=[0, math.nan]))},
    ],
)
def test_what_is_meant(sequence_config, tmp_path, changes):
    cfg = sequence_config(tmp_path)
    cfg.merge_from_dict(changes)
    parse_phases(cfg)
