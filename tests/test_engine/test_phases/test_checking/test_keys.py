"""Misspelt keys are named with the nearest right one, at every level."""

import pytest
from mmseg.datasets import BaseSegDataset
from mmseg.registry import MODELS
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from mmlhl.engine import parse_phases
from mmlhl.models.heads import DepthHead


class OwnSteps(StepLR):
    """A user's own schedule that derives from one of torch."""


TYPOS = {
    # where, as a dotted key of the config: what the message names
    "train_datalaoder": "'train_dataloader'",
    "phase": "'phases'",
    "disjoint_phase": "'disjoint_phases'",
    "dryrun": "'dry_run'",
    "check_label": "'check_labels'",
    "optim_wraper": "'optim_wrapper'",
    "custom_hoks": "'custom_hooks'",
    "randomnes": "'randomness'",
    "model.bakbone": "'backbone'",
    "model.methd": "'method'",
    "model.backbone.dept": "'depth'",
    "model.backbone.frozen_stage": "'frozen_stages'",
    "model.method.loss_wieght": "'loss_weight'",
    "model.heads.seg.soft_pseudo_labels": "'soft_pseudo_label'",
    "model.heads.depth.activaton": "'activation'",
    "model.heads.depth.decoder.dropout_ration": "'dropout_ratio'",
    "model.test_cfg.crop_sise": "'crop_size'",
    "model.data_preprocessor.bgr_to_rbg": "'bgr_to_rgb'",
    "model.backbone.norm_cfg.requires_gard": "'requires_grad'",
    "model.backbone.norm_cfg.momentun": "'momentum'",
    "model.backbone.init_cfg.checkpont": "'checkpoint'",
    "model.heads.depth.decoder.act_cfg.inplac": "'inplace'",
    "model.heads.seg.init_cfg.ovrride": "'override'",
    "train_dataloader.batch_sise": "'batch_size'",
    "train_dataloader.drop_lats": "'drop_last'",
    "train_dataloader.sampler.shufle": "'shuffle'",
    "train_dataloader.dataset.anotations": "'annotations'",
    "train_dataloader.dataset.reduce_zero_labels": "'reduce_zero_label'",
    "train_dataloader.dataset.annotations.depth.scael": "'scale'",
    "train_dataloader.dataset.img.sufix": "'suffix'",
    "train_cfg.max_epoch": "'max_epochs'",
    "val_cfg.fp61": "'fp16'",
    "optim_wrapper.accumulative_count": "'accumulative_counts'",
    "optim_wrapper.optimizer.momentun": "'momentum'",
    "optim_wrapper.paramwise": "'paramwise_cfg'",
    "default_hooks.checkpont": "'checkpoint'",
    "default_hooks.checkpoint.intervall": "'interval'",
    "test_evaluator.output_dirr": "'output_dir'",
    "test_evaluator.metrics.depth.feild": "'field'",
    "visualizer.save_dirs": "'save_dir'",
    "progres": "'progress'",
    "progress.intervall": "'interval'",
}


@pytest.mark.parametrize("key", TYPOS)
def test_misspelt_keys(config, key, nothing_is_built):
    cfg = config()
    cfg.val_cfg = dict(type="ValLoop")
    cfg.optim_wrapper.optimizer.type = "SGD"
    cfg.model.backbone.norm_cfg = dict(type="BN", requires_grad=True)
    cfg.model.backbone.init_cfg = dict(type="Pretrained", checkpoint="x.pth")
    cfg.model.heads.depth.decoder.act_cfg = dict(type="ReLU")
    cfg.model.heads.seg.init_cfg = dict(type="Normal", std=0.1, override=dict(name="net"))
    cfg.merge_from_dict({key: 1 if "." in key else dict(a=1)})
    with pytest.raises(ValueError, match=key.replace(".", r"\.")) as error:
        parse_phases(cfg)
    assert f"did you mean {TYPOS[key]}" in str(error.value)


@pytest.mark.parametrize(
    ("node", "expected_message"),
    [
        (dict(param_scheduler=[dict(type="PolyLR", powr=1.0)]), r"param_scheduler\[0\]\.powr"),
        (dict(param_scheduler=dict(type="PolyLR", powr=1.0)), r"param_scheduler\.powr"),
        (
            dict(param_scheduler=[dict(type="torch.optim.lr_scheduler.StepLR", step_size=2)]),
            r"param_scheduler\[0\]\.type: 'torch.optim.lr_scheduler.StepLR' .* mmengine: StepLR$",
        ),
        (dict(param_scheduler=dict(type=ReduceLROnPlateau)), "type: 'Red.* ReduceOnPlateauLR$"),
        (
            dict(param_scheduler=dict(type="torch.optim.lr_scheduler.LambdaLR", by_epoch=True)),
            r"param_scheduler\.type: .* mmengine: one of ConstantLR, ",
        ),
        (
            dict(param_scheduler=[dict(type=OwnSteps, step_size=1)]),
            r"\[0\]\.type: 'OwnSteps' derives from StepLR of torch, .* derive it from .*: StepLR$",
        ),
        (
            dict(param_scheduler=[dict(power=0.9)]),
            r"param_scheduler\[0\]: it must be dict\(type=.*",
        ),
        (dict(custom_hooks=[dict(type="EMAHook", begin_epch=1)]), r"custom_hooks\[0\]\.begin_ep"),
        (dict(custom_hooks=[dict(type="EMAHok")]), r"custom_hooks\[0\]\.type.*'EMAHook'"),
        (dict(visualizer=dict(vis_backends=[dict(type="LocalVisBackend", savedir=1)])), "savedir"),
        (
            dict(model=dict(heads=dict(seg=dict(init_cfg=[dict(type="Constant", val=0, bais=1)])))),
            r"heads\.seg\.init_cfg\.bais: .*'bias'",
        ),
        (
            dict(tta_pipeline=[dict(type="TestTimeAug", transforms=[[dict(type="Pad", sise=3)]])]),
            r"tta_pipeline\[0\]\.transforms\[0\]\[0\]\.sise: .*'size'",
        ),
        (dict(train_cfg=dict(_delete_=True, max_iter=5, by_epoch=False)), "'max_iters'"),
    ],
)
def test_misspelt_keys_in_lists_and_without_a_type(config, node, expected_message):
    cfg = config()
    if "param_scheduler" in node:
        cfg.param_scheduler = node["param_scheduler"]
    else:
        cfg.merge_from_dict(node)
    with pytest.raises(ValueError, match=expected_message):
        parse_phases(cfg)


def test_a_phase_has_no_display_of_its_own(config):
    cfg = config()
    cfg.phases[1].cfg = dict(progress=dict(live=False))
    with pytest.raises(ValueError, match=r"phases\[1\]: cfg\.progress: .* the whole sequence"):
        parse_phases(cfg)


@pytest.mark.parametrize("wrapper", ["RepeatDataset", "ConcatDataset", None])
def test_misspelt_options_of_transforms(config, wrapper):
    cfg = config()
    step = dict(type="RandomFlip", probability=0.5)
    cfg.train_dataloader.dataset.pipeline = [dict(type="RandomChoice", transforms=[[step]])]
    inner = cfg.train_dataloader.dataset
    if wrapper == "RepeatDataset":
        cfg.train_dataloader.dataset = dict(type=wrapper, times=2, dataset=inner)
    if wrapper == "ConcatDataset":
        cfg.train_dataloader.dataset = dict(type=wrapper, datasets=[inner])
    with pytest.raises(ValueError, match=r"pipeline\[0\]\.transforms\[0\]\[0\]\.probability"):
        parse_phases(cfg)


def test_a_share_that_repeats_nothing(config):
    cfg = config()
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(
        type="ClassBalancedDataset", oversample_thr=0, dataset=inner
    )
    with pytest.raises(ValueError, match="dataset.oversample_thr: it must be above 0, got 0"):
        parse_phases(cfg)


@pytest.mark.parametrize("spelling", ["DepthHead", "mmseg.DepthHead", DepthHead])
def test_a_type_in_any_spelling(config, spelling):
    cfg = config()
    cfg.model.heads.depth.update(type=spelling, activaton="relu")
    with pytest.raises(ValueError, match=r"heads\.depth\.activaton.*'activation'"):
        parse_phases(cfg)


@pytest.mark.parametrize(
    ("entry", "expected_message"),
    [
        (dict(cfg=dict(train_cfgg=dict(max_epochs=3))), r"phases\[1\]: train_cfgg.*'train_cfg'"),
        (dict(cfg=dict(train_cfg=dict(max_epoch=3))), r"phases\[1\]: train_cfg.max_epoch:"),
        (dict(model=dict(heads=dict(depth=dict(dleta=1)))), r"phases\[1\]: .*dleta.*'delta'"),
        (dict(model=dict(heads=dict(dept=dict(delta=1)))), r"heads\.dept: .* mean 'depth'\?$"),
        (
            dict(cfg=dict(test_evaluator=dict(metrics=dict(detph=dict(field="depth_map"))))),
            r"phases\[1\]: test_evaluator\.metrics\.detph: .* mean 'depth'\?$",
        ),
        (dict(modle=dict()), r"phases\[1\] has unknown keys \['modle'\]; did you mean 'model'"),
        (dict(chekpoint="x"), "did you mean 'checkpoint'"),
    ],
)
def test_misspelt_keys_of_a_phase(config, entry, expected_message):
    cfg = config()
    cfg.phases[1].update(entry)
    with pytest.raises(ValueError, match=expected_message):
        parse_phases(cfg)


def test_misspelt_names(config):
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["dept"])])
    with pytest.raises(ValueError, match="no head is configured for task 'dept'.*mean 'depth'"):
        parse_phases(cfg)
    cfg = config()
    cfg.model.method = dict(type="HDA")
    with pytest.raises(ValueError, match="is not a method.*did you mean 'HAD'"):
        parse_phases(cfg)


# -- what stays allowed --------------
def test_user_variables_are_allowed(config):
    own = dict(crop_size=(8, 8), dataset_type="x", data_root="d", num_classes=13, models=[1])
    own.update(norm_cfg=dict(type="BN"), decoder=dict(), scale=1, slower=dict(), hakd=dict())
    assert len(parse_phases(config(**own))) == 3


@MODELS.register_module()
class OpenHead(DepthHead):
    """Accepts further options by ``**kwargs``."""

    def __init__(self, *args, colour="red", **kwargs):
        kwargs.pop("anything", None)
        super().__init__(*args, **kwargs)


def test_options_passed_on_by_kwargs_are_allowed(config):
    cfg = config()
    cfg.model.heads.depth.update(type="OpenHead", anything=3, colour="blue", delta=0.4)
    assert len(parse_phases(cfg)) == 3
    cfg.model.heads.depth.update(colur="blue")
    with pytest.raises(ValueError, match="colur.*'colour'"):
        parse_phases(cfg)


def test_options_of_other_datasets_are_checked(config):
    cfg = config()
    cfg.train_dataloader.dataset = dict(type=BaseSegDataset, img_sufix=".png")
    with pytest.raises(ValueError, match="img_sufix.*'img_suffix'"):
        parse_phases(cfg)
