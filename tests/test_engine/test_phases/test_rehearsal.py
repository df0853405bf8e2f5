"""All phases are tried in small before phase one, so that errors of the last are found."""

import random
import shutil
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.visualization import Visualizer
from mmseg.registry import MODELS

from mmlhl.datasets import RoomsDataset
from mmlhl.engine import LifelongRunner, parse_phases
from mmlhl.engine.phases.checking import log_options
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.models.heads import DepthHead

LOAD = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
NAMES = list(RoomsDataset.METAINFO["classes"])
TRAIN, TEST = "train_dataloader", "test_dataloader"


@MODELS.register_module()
class OddHead(DepthHead):
    """Fails in one way or another, once it is used."""

    def __init__(self, fault=None, **kwargs):
        super().__init__(**kwargs)
        self.fault = fault

    def loss(self, feats, samples):
        losses = super().loss(feats, samples)
        if self.fault == "nan":
            return {key: value * float("nan") for key, value in losses.items()}
        if self.fault == "infinite":
            return {key: value / 0.0 for key, value in losses.items()}
        if self.fault == "no gradient":
            return {key: value.detach() for key, value in losses.items()}
        if self.fault == "backward":
            feats[-1].mul_(2)
        if self.fault == "crash":
            raise RuntimeError("boom")
        return losses


def tried(cfg):
    rehearse(cfg, parse_phases(cfg))


#: A change of the config, and the message. Most affect phase three only.
WRONG = [
    # classes of head, dataset and metric
    ({"model.heads.seg.num_classes": 2}, r"\['seg'\].num_classes is 2, but .* has 13 classes"),
    ({"model.heads.seg.num_classes": 40}, r"num_classes is 40, but .* has 13 classes \("),
    ({f"{TRAIN}.dataset.metainfo": dict(classes=NAMES[:2])}, "13, but .* has 2 classes"),
    ({f"{TEST}.dataset.metainfo": dict(classes=NAMES[:2])}, "test_dataloader.* 2 classes"),
    (
        {f"{TEST}.dataset.metainfo": dict(classes=NAMES[:5] + NAMES[5:][::-1])},
        "calls class 5 of task 'seg' 'window', but train_dataloader.dataset .* it 'furniture'",
    ),
    ({"test_evaluator.metrics.seg.num_classes": 3}, r"metrics\['seg'\].*counts 3 classes"),
    ({"test_evaluator.metrics.seg.class_names": ["a"]}, r"counts 1 classes, .* is 13"),
    # fields and kinds
    ({f"{TRAIN}.dataset.annotations.normal": dict(field="n")}, "into the field 'n', but .*'norm"),
    ({f"{TEST}.dataset.annotations.depth": dict(field="d")}, "test_dataloader.*field 'd'"),
    (
        {f"{TRAIN}.dataset.annotations.seg": dict(kind="depth", field="sem_seg")},
        "of kind 'depth' for task 'seg', but SegmentationHead learns 'classes'",
    ),
    # pipelines
    ({f"{TRAIN}.dataset.pipeline": LOAD}, "train_dataloader.dataset gives .*PackMultiTaskInputs"),
    (
        {f"{TRAIN}.dataset.pipeline": [LOAD[0], dict(type="PackMultiTaskInputs")]},
        r"labels for the fields \[\], but .*\['seg'\] reads 'sem_seg'",
    ),
    # networks
    (
        {"model.heads.normal.decoder.in_channels": 31},
        r"phases\[2\]: one training step: .*normal: Runt",
    ),
    (
        {"model.heads.normal.decoder.in_index": 7},
        r"phases\[2\]: one training step: .*normal: IndexError.*in_index",
    ),
    ({"model.heads.normal.decoder.norm_cfg": dict(type="XN")}, r"model.heads.normal.*'XN'"),
    (
        {"model.heads.normal.decoder.type": "Nothing"},
        "normal.decoder.type: 'Nothing' is not registered",
    ),
    ({"model.test_cfg": dict(mode="slide", crop_size=(16, 16), stride=(0, 8))}, "stride"),
    # hooks
    (
        {"custom_hooks": [dict(type="EMAHook", begin_iter=1, begin_epoch=1)]},
        r"phases\[0\]: custom_hooks\[0\]: AssertionError: .*should not be both set",
    ),
    (
        {"custom_hooks": [dict(type="EMAHook", begin_iter=9)]},
        r"custom_hooks\[0\].begin_iter is 9, but training takes 4 iterations",
    ),
    # losses
    ({"model.heads.depth.type": "OddHead", "model.heads.depth.fault": "nan"}, "is nan on the fi"),
    ({"model.heads.depth.type": "OddHead", "model.heads.depth.fault": "infinite"}, "is inf on"),
    ({"model.heads.depth.type": "OddHead", "model.heads.depth.fault": "crash"}, "step: .*boom"),
    (
        {"model.heads.depth.type": "OddHead", "model.heads.depth.fault": "backward"},
        r"phases\[1\]: one training step: RuntimeError",
    ),
    (
        {"model.heads.seg.loss": dict(type="CrossEntropyLoss", class_weight=[1.0, 2.0])},
        r"phases\[0\]: model: .*class_weight of CrossEntropyLoss has 2 entries, but there are 13",
    ),
    # batches
    ({f"{TRAIN}.batch_size": 5, f"{TRAIN}.drop_last": True}, "no batch: 4 image.*batch_size=5"),
    ({f"{TRAIN}.dataset.indices": 2}, r"2 image\(s\) cannot be cut into 3 parts"),
    ({f"{TRAIN}.sampler.type": "InfiniteSampler"}, "sampler never ends, but train_cfg counts ep"),
    ({f"{TRAIN}.sampler.type": "mmengine.InfiniteSampler"}, "sampler never ends"),
    # optimiser and schedule
    ({"optim_wrapper": None}, "optim_wrapper is not set"),
    (
        {"optim_wrapper.optimizer.lr": -1.0},
        "optim_wrapper.optimizer.lr must be a number > 0, got -1.0",
    ),
    ({"optim_wrapper.optimizer.betas": (0.9, 1.5)}, "optim_wrapper.optimizer.betas must be .*1.5"),
    ({"param_scheduler": [dict(type="LinearLR", start_factor=7.0, end=2)]}, "LinearLR.*factor"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_rehearsal_names_errors_of_all_phases(config, change, message):
    cfg = config()
    for key, value in change.items():
        *holders, last = key.split(".")
        node = cfg
        for part in holders:
            if part not in node:
                node[part] = {}
            node = node[part]
        node[last] = value
    with pytest.raises(ValueError, match=message):
        tried(cfg)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (dict(train_dataloader=dict(dataset=dict(data_root="nowhere"))), "nowhere"),
        (dict(test_dataloader=dict(dataset=dict(split="tset"))), "tset"),
        (dict(load_from="nowhere.pth"), r"phases\[2\]: load_from: there is no file 'nowhere.pth'"),
        (
            dict(model=dict(backbone=dict(init_cfg=dict(type="Pretrained", checkpoint="no.pth")))),
            "init_cfg.checkpoint: there is no file 'no.pth'",
        ),
    ],
)
def test_files_that_only_the_last_phase_needs(config, own, message):
    cfg = config()
    cfg.phases[2].cfg = own
    with pytest.raises(FileNotFoundError, match=message):
        tried(cfg)


def test_load_from_of_the_sequence_is_asked_of_its_first_phase_only(config, tmp_path):
    cfg = config()
    model = cfg.model.to_dict()
    state = {f"backbone.{k}": v for k, v in MODELS.build(model["backbone"]).state_dict().items()}
    file = tmp_path / "mmseg.pth"
    torch.save({**state, "decode_head.conv_seg.weight": torch.zeros(1)}, file)
    cfg.load_from = str(file)
    # no weight of the file fits the second phase's encoder, which starts from its own
    wider = dict(stem_channels=6, base_channels=6)
    decoder = dict(decoder=dict(in_channels=48))
    heads = dict(seg=decoder, depth=decoder, normal=decoder)
    cfg.phases[1].model = dict(backbone=wider, heads=heads)
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "mmlhl.engine.phases.trials.weights.print_log", lambda text, *_: seen.append(text)
        )
        tried(cfg)
    assert ["only backbone and neck" in text for text in seen] == [True]
    assert seen[0].startswith("phases[0]: load_from=")
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"phases\[0\]: load_from: there is no file"):
        tried(cfg)


def test_an_image_that_cannot_be_decoded(config, rooms_root, tmp_path):
    root = shutil.copytree(rooms_root, tmp_path / "rooms")
    (root / "train" / "normal" / "00000.png").write_bytes(b"no image")
    cfg = config()
    cfg.phases[2].cfg = dict(train_dataloader=dict(dataset=dict(data_root=str(root))))
    with pytest.raises((ValueError, OSError), match="00000.png"):
        tried(cfg)


def test_rehearsal_leaves_no_files_and_trains_no_phase(config, tmp_path):
    cfg = config()
    cfg.model.heads.normal.decoder.in_channels = 31
    with pytest.raises(ValueError, match=r"phases\[2\]: one training step"):
        LifelongRunner.from_cfg(cfg).train()
    assert not (tmp_path / "run").exists()


def test_an_older_sequence_survives_a_wrong_config(config, tmp_path):
    record = tmp_path / "run" / "lifelong.json"
    record.parent.mkdir()
    record.write_text("{}")
    cfg = config()
    cfg.model.heads.seg.num_classes = 2
    with pytest.raises(ValueError, match="num_classes"):
        LifelongRunner.from_cfg(cfg).train()
    assert record.exists()


def states():
    array = np.random.get_state()[1].tolist()
    return random.getstate(), array, torch.get_rng_state().tolist()


@pytest.mark.parametrize("method", ["Naive", "HAD", "LwF", "EWC", "SPG", "SGP", "ICaRL", "DER"])
def test_nothing_is_wrong(config, method):
    cfg = config()
    cfg.model.method = dict(type=method)
    before = states()
    tried(cfg)
    assert states() == before


def test_wrapped_datasets_views_and_large_images(config):
    cfg = config()
    inner = cfg.train_dataloader.dataset
    inner.pipeline = [
        *LOAD,
        dict(type="Resize", scale=(400, 300)),
        dict(type="PackMultiTaskInputs"),
    ]
    cfg.train_dataloader.dataset = dict(type="RepeatDataset", times=2, dataset=inner)
    cfg.model.data_preprocessor.size = (320, 416)
    # other images, whose classes nobody learns
    names = [f"other {index}" for index in range(13)]
    own = dict(annotations=dict(seg=dict(dir="label", kind="classes", classes=names)))
    cfg.phases[1].cfg = dict(train_dataloader=dict(dataset=dict(dataset=own)))
    tried(cfg)


def test_as_many_labels_are_read_as_the_config_says(config, monkeypatch):
    read = []
    where = "mmlhl.engine.phases.supply.read_labels"
    monkeypatch.setattr(where, lambda data, *given: read.append((data.split, len(data), *given)))
    tried(config(check_labels="all", phases=[dict(tasks=["seg"])]))
    # of three heads, that of seg alone has integers
    assert read == [("train", 12, True, set(), [255]), ("val", 5, True, set(), [255])]


def test_dry_run_can_be_left_out(config):
    cfg = config(dry_run=False)
    cfg.model.heads.normal.decoder.in_channels = 31
    tried(cfg)


def test_phases_that_are_done_are_not_tried(config):
    cfg = config()
    cfg.model.heads.seg.num_classes = 2
    phases = parse_phases(cfg)
    for first in (3, 4):
        rehearse(cfg, phases, first)


def test_hooks_that_draw_find_a_visualizer_in_a_fresh_process(config, monkeypatch):
    monkeypatch.setattr(Visualizer, "_instance_dict", OrderedDict())
    cfg = config(default_hooks=dict(visualization=dict(type="MultiTaskVisualizationHook")))
    tried(cfg)


def test_what_holds_for_all_phases_is_said_once(config, caplog):
    cfg = config(train_cfg=dict(type="IterBasedTrainLoop", max_iters=4), param_scheduler=[])
    cfg.default_hooks.checkpoint = dict(type="CheckpointHook", interval=1)
    cfg.optim_wrapper.accumulative_counts = 9
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        tried(cfg)
    finally:
        logger.removeHandler(caplog.handler)
    for text in ("counts epochs, but", "accumulative_counts is 9"):
        assert len({line for line in caplog.messages if text in line}) == 1


def test_a_statistic_of_what_nothing_logs_is_said(config, monkeypatch):
    said = []
    monkeypatch.setattr(log_options, "print_log", lambda text, *_: said.append(text))
    sources = ["loss", "seg.loss_ce", "normal.loss_cos", "seg.loss_had_db", "depth/rmse", "base_lr"]
    wrong = ["seg.los_ce", "train/loss", "depth/rsme"]
    options = [dict(data_src=each, method_name="mean", window_size=2) for each in sources + wrong]
    tried(config(log_processor=dict(by_epoch=True, custom_cfg=options)))
    words = [text.partition("data_src is ")[2] for text in said]
    assert [text.split("'")[1] for text in words] == wrong
    assert words[0].endswith("did you mean 'seg.loss_ce'?")
