"""A training without phases is tried before its first step, and remains the same."""

import shutil

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS
from shared_fixtures import tiny_decoder, two_stages

from mmlhl.engine.phases.plain_trial import rehearse_plain
from mmlhl.engine.phases.trials.build import naming_model
from mmlhl.models.teachers import segmentor_teacher

SIZE = (32, 48)
CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    rng = np.random.default_rng(0)
    for kind, most, end in (("img", 256, "jpg"), ("ann", 3, "png"), ("two", 2, "png")):
        (folder / kind).mkdir()
        for index in range(4):
            shape = (*SIZE, 3)[: 3 if kind == "img" else 2]
            values = rng.integers(0, most, shape, dtype=np.uint8)
            cv2.imwrite(str(folder / kind / f"{index}.{end}"), values)
    return folder


def segmentor(**decoder):
    """A small segmentor of mmseg."""
    loss = dict(type="CrossEntropyLoss", use_sigmoid=False)
    head = tiny_decoder(in_channels=8, in_index=1, num_classes=3, loss_decode=loss)
    return dict(
        type="EncoderDecoder",
        data_preprocessor=dict(type="SegDataPreProcessor", size=SIZE),
        backbone=two_stages(),
        decode_head={**head, **decoder},
        test_cfg=dict(mode="whole"),
    )


def late(kind, **options):
    """A pipeline that reads labels behind another transform."""
    steps = ("LoadImageFromFile", (kind, options), "LoadAnnotations", "PackSegInputs")
    named = [each if isinstance(each, tuple) else (each, {}) for each in steps]
    return [dict(type=each, **given) for each, given in named]


@pytest.fixture
def config(root, tmp_path):
    """A function: config of a training without phases, with changes by dotted key."""
    pipeline = [dict(type=f"Load{each}") for each in ("ImageFromFile", "Annotations")]
    pipeline = [*pipeline, dict(type="RandomFlip", prob=0.5), dict(type="PackSegInputs")]
    dataset = dict(
        type="BaseSegDataset",
        data_root=str(root),
        metainfo=dict(classes=CLASSES),
        data_prefix=dict(img_path="img", seg_map_path="ann"),
        img_suffix=".jpg",
        pipeline=pipeline,
    )
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True))

    def make(**changes):
        cfg = Config(
            dict(
                default_scope="mmseg",
                work_dir=str(tmp_path / "work"),
                experiment_name=str(tmp_path),  # mmengine's loggers are global by this name
                model=segmentor(),
                train_dataloader=dict(loader, dataset=dataset),
                train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
                optim_wrapper=dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1)),
                val_dataloader=dict(loader, batch_size=1, dataset=dataset),
                val_cfg=dict(type="ValLoop"),
                val_evaluator=dict(type="IoUMetric", prefix="seg"),
                randomness=dict(seed=3),
            )
        )
        cfg.merge_from_dict({key.replace("__", "."): value for key, value in changes.items()})
        return cfg

    return make


def test_the_training_is_the_same_with_and_without_the_trial(config):
    found = []
    for dry_run in (True, False):
        cfg = config(dry_run=dry_run, experiment_name=f"plain {dry_run}")
        runner = Runner.from_cfg(cfg)
        rehearse_plain(runner)
        assert isinstance(runner._train_loop, dict) is not dry_run
        runner.train()
        found.append(runner.model.state_dict())
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(value, found[1][key]) for key, value in found[0].items())


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            dict(model__decode_head__num_classes=5),
            r"^model.decode_head.num_classes is 5, but train_dataloader.dataset \(BaseSegDataset\) "
            r"has 3 classes \(a, b, c\)",
        ),
        (
            dict(
                model__decode_head__num_classes=2,
                model__decode_head__out_channels=1,
                model__decode_head__threshold=0.3,
                train_dataloader__dataset__metainfo=dict(classes=("a", "b")),
            ),
            r"^model.decode_head.out_channels is 1, but Cross.*: write use_sigmoid=True",
        ),
        (dict(model__data_preprocessor__size=None), "model.data_preprocessor: size is missing"),
        (dict(model__data_preprocessor__size_divisor=32), "size_divisor=32 exclude each other"),
        (dict(model__decode_head__in_channels=7), "^one training step: model.decode_head: Runtime"),
        (dict(model__decode_head__in_index=4), r"model.decode_head: IndexError.* 4, 8 channels"),
        (dict(train_dataloader__batch_size=9, train_dataloader__drop_last=True), "gives no batch"),
        (
            dict(train_dataloader__dataset__pipeline=[dict(type="RandomFlip", prob=1.0)]),
            "^train_dataloader: its first sample: .*RandomFlip: KeyError: img",
        ),
        (
            dict(train_dataloader__dataset__data_prefix__img_path="nowhere"),
            "^train_dataloader: |nowhere",
        ),
        (
            dict(param_scheduler=dict(type="LinearLR", start_factor=0.1, begin=9)),
            r"^training: param_scheduler\[0\] \(LinearLR\) begins at 9",
        ),
        (
            dict(optim_wrapper__paramwise_cfg=dict(custom_keys=dict(decod_head=dict(lr_mult=1)))),
            "'decod_head' is in the name of no parameter; did you mean 'decode_head'",
        ),
        (dict(optim_wrapper__optimizer__lr="0.1"), "^optim_wrapper: "),
        (
            dict(val_dataloader__dataset__metainfo=dict(classes=("b", "a", "c"))),
            "^val_dataloader.dataset calls class 0",
        ),
        (
            dict(val_dataloader__dataset__metainfo=dict(classes=("a", "b"))),
            "^model.decode_head.num_classes is 3, but val_dataloader.dataset .* has 2 classes",
        ),
        (
            dict(default_hooks=dict(checkpoint=dict(type="CheckpointHook", save_best="mIoU"))),
            r"checkpoint.save_best is 'mIoU', but a validation gives .*'seg/mIoU'",
        ),
        (
            dict(train_dataloader__dataset__pipeline=late("RandomCrop", crop_size=(16, 16))),
            "^train_dataloader: its pipeline reads labels after .*RandomCrop",
        ),
        (
            dict(train_dataloader__dataset__pipeline=late("RandomFlip", prob=0.1)),
            "^train_dataloader: its pipeline reads labels after .*RandomFlip",
        ),
        (
            dict(train_dataloader__dataset__pipeline=late("Resize", scale=(24, 16))),
            r"^train_dataloader: its first image has \(16, 24\) pixels, .* \(32, 48\): read",
        ),
        (dict(train_dataloader__dataset__img_suffix=".tif"), "^train_dataloader: no image is fou"),
        (
            dict(
                optim_wrapper__paramwise_cfg=dict(
                    custom_keys=dict(backbone=dict(lr_mult=0), head=dict(lr_mult=0))
                )
            ),
            "^optim_wrapper: the learning rate of all weights is 0",
        ),
        (
            dict(model__data_preprocessor__seg_pad_val=0),
            "seg_pad_val is 0, a class of model.decode_head, .*: write 255, which the head leaves",
        ),
        (
            dict(load_from="nowhere.pth"),
            "^training: load_from: there is no file 'nowhere.pth'",
        ),
    ],
)
def test_faults_are_refused_before_the_first_step(config, changes, message):
    runner = Runner.from_cfg(config(**changes))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        rehearse_plain(runner)


@pytest.mark.parametrize(
    "changes",
    [
        dict(  # one channel for two classes, with its own loss
            model__decode_head__num_classes=2,
            model__decode_head__out_channels=1,
            model__decode_head__threshold=0.3,
            model__decode_head__loss_decode__use_sigmoid=True,
            train_dataloader__dataset__metainfo=dict(classes=("a", "b")),
            train_dataloader__dataset__data_prefix__seg_map_path="two",
            val_dataloader__dataset__metainfo=dict(classes=("a", "b")),
            val_dataloader__dataset__data_prefix__seg_map_path="two",
        ),
        dict(train_dataloader__sampler__type="InfiniteSampler", train_cfg=dict(max_iters=2)),
        dict(val_dataloader=None, val_cfg=None, val_evaluator=None),
        dict(train_dataloader__batch_size=3),  # the last batch has one image
        dict(model__backbone__norm_cfg__type="SyncBN"),
        dict(val_evaluator=[dict(type="IoUMetric"), dict(type="IoUMetric", prefix="b")]),
        dict(default_hooks=dict(checkpoint=dict(type="CheckpointHook", save_best="seg/mIoU"))),
    ],
)
def test_right_configs_pass(config, changes):
    cfg = config(**changes)
    if changes.get("train_cfg"):
        cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=2)
    rehearse_plain(Runner.from_cfg(cfg))


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(backbone__depth=17), r"^model.backbone \(ResNet\): .* it comes from depth=17"),
        (dict(backbone__frozen_stages=9), "^model.backbone.frozen_stages is 9, but ResNet has 2"),
        (
            dict(decode_head__sampler=dict(type="OHEMPixelSampler", thres=0.7)),
            r"^model.decode_head \(FCNHead\): TypeError: .*'thres'",
        ),
        (dict(data_preprocessor__mean=[1, 2]), r"^model.data_preprocessor \(SegDataPre.*"),
    ],
)
def test_the_part_of_a_model_that_cannot_be_built_is_named(config, changes, message):
    cfg = config(**{f"model__{key}": value for key, value in changes.items()})
    with pytest.raises(ValueError, match=message), naming_model(cfg):
        Runner.from_cfg(cfg)
    cfg.model = dict(type="DistilledSegmentor", student=cfg.model)
    inside = message.replace("^model", "^model.student")
    with pytest.raises(ValueError, match=inside), naming_model(cfg):
        MODELS.build(cfg.model)


def test_an_error_elsewhere_keeps_its_own_text(config):
    with pytest.raises(KeyError, match="odd"), naming_model(config()):
        raise KeyError("odd")


def test_a_teacher_is_loaded_once(config, tmp_path, monkeypatch):
    file = tmp_path / "teacher.pth"
    torch.save(dict(state_dict=MODELS.build(segmentor()).state_dict()), file)
    model = dict(
        type="DistilledSegmentor",
        student=segmentor(),
        teacher=dict(config=segmentor(), checkpoint=str(file)),
        distillers=[dict(type="KDLoss")],
    )
    read = []
    load = segmentor_teacher.load_frozen_weights
    monkeypatch.setattr(
        segmentor_teacher,
        "load_frozen_weights",
        lambda *args: read.append(args[1]) or load(*args),
    )
    cfg = config()
    cfg.model = model
    rehearse_plain(Runner.from_cfg(cfg))
    assert read == [str(file)]
    cfg.model.student.decode_head.num_classes = cfg.model.teacher.config.decode_head.num_classes = 4
    cfg.model.teacher.checkpoint = None
    with pytest.raises(ValueError, match=r"^model.student.decode_head.num_classes is 4, but train"):
        rehearse_plain(Runner.from_cfg(cfg))


def test_a_model_that_cannot_be_copied_is_built_again(config, monkeypatch):
    def refuse(model, memo):
        raise TypeError("cannot pickle")

    monkeypatch.setattr(EncoderDecoder, "__deepcopy__", refuse, raising=False)
    with pytest.raises(ValueError, match=r"^model.decode_head.num_classes is 4"):
        rehearse_plain(Runner.from_cfg(config(model__decode_head__num_classes=4)))


@pytest.mark.parametrize("name", ["train_dataloader", "val_dataloader"])
def test_ids_of_later_files_are_read(config, root, tmp_path, name):
    labels = shutil.copytree(root / "ann", tmp_path / "ann")
    cv2.imwrite(str(labels / "2.png"), np.full(SIZE, 7, np.uint8))
    changes = {f"{name}__dataset__data_prefix__seg_map_path": str(labels)}
    with pytest.raises(ValueError, match=rf"^{name}: .*2\.png: class id out of range: got 7"):
        rehearse_plain(Runner.from_cfg(config(**changes)))
    rehearse_plain(Runner.from_cfg(config(**changes, check_labels=0)))
    keys = ("model__decode_head__ignore_index", "val_evaluator__ignore_index")
    right, wrong = keys if name.startswith("train") else keys[::-1]
    rehearse_plain(Runner.from_cfg(config(**changes, **{right: 7})))
    with pytest.raises(ValueError, match=f"^{name}: "):
        rehearse_plain(Runner.from_cfg(config(**changes, **{wrong: 7})))
    (labels / "3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"3\.png"):
        rehearse_plain(Runner.from_cfg(config(**changes)))
