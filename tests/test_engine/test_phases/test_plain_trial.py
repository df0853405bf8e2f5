"""A training without phases is tried before its first step, and remains the same."""

import shutil

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS

from mmlhl.engine.phases import plain_trial
from mmlhl.engine.phases.plain_trial import rehearse_plain
from mmlhl.models.teachers import segmentor_teacher


def late(kind, **options):
    """A pipeline that reads labels behind another transform."""
    steps = ("LoadImageFromFile", (kind, options), "LoadAnnotations", "PackSegInputs")
    named = [each if isinstance(each, tuple) else (each, {}) for each in steps]
    return [dict(type=each, **given) for each, given in named]


def test_the_training_is_the_same_with_and_without_the_trial(plain_config):
    found = []
    for dry_run in (True, False):
        cfg = plain_config(dry_run=dry_run, experiment_name=f"plain {dry_run}")
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
        (
            dict(train_dataloader__dataset__img_suffix=".tif"),
            "^train_dataloader: BaseSegDataset: no image is found .*; the folder",
        ),
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
        (dict(model__data_preprocessor=None), "^one training step: model.data_preprocessor: Base"),
        (
            dict(activation_checkpointing=["backbone", "nock"]),
            "^activation_checkpointing: .*'nock'",
        ),
        (
            dict(efficient_conv_bn_eval="decode_head.loss_decode"),
            "^efficient_conv_bn_eval: 'decode_head.loss_decode': symbolic",
        ),
        (
            dict(efficient_conv_bn_eval="backbone", model__backbone__norm_cfg__type="SyncBN"),
            "^efficient_conv_bn_eval: 'backbone': .*SyncBN of one process",
        ),
    ],
)
def test_faults_are_refused_before_the_first_step(plain_config, changes, message):
    runner = Runner.from_cfg(plain_config(**changes))
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
        dict(activation_checkpointing="backbone", efficient_conv_bn_eval=["backbone"]),
    ],
)
def test_right_configs_pass(plain_config, changes):
    cfg = plain_config(**changes)
    if changes.get("train_cfg"):
        cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=2)
    rehearse_plain(Runner.from_cfg(cfg))


@pytest.mark.parametrize(
    "changes, said",
    [
        (dict(val_evaluator__ignore_index=0), "val_evaluator.ignore_index is 0, but heads leave"),
        (dict(model__decode_head__ignore_index=0), "val_evaluator.ignore_index is 255, but heads"),
        (dict(val_evaluator__ignore_index=2, model__decode_head__ignore_index=2), None),
        ({}, None),
    ],
)
def test_a_metric_that_leaves_out_another_id_than_the_head_is_said(
    plain_config, monkeypatch, changes, said
):
    lines = []
    monkeypatch.setattr(plain_trial, "print_log", lambda text, *_: lines.append(text))
    rehearse_plain(Runner.from_cfg(plain_config(**changes)))
    assert [line[: len(said)] for line in lines] == [said] if said else not lines


def test_a_teacher_is_loaded_once(plain_config, tmp_path, monkeypatch):
    file = tmp_path / "teacher.pth"
    segmentor = plain_config().model
    torch.save(dict(state_dict=MODELS.build(segmentor).state_dict()), file)
    model = dict(
        type="DistilledSegmentor",
        student=segmentor,
        teacher=dict(config=segmentor, checkpoint=str(file)),
        distillers=[dict(type="KDLoss")],
    )
    read = []
    load = segmentor_teacher.load_frozen_weights
    monkeypatch.setattr(
        segmentor_teacher,
        "load_frozen_weights",
        lambda *args: read.append(args[1]) or load(*args),
    )
    cfg = plain_config()
    cfg.model = model
    rehearse_plain(Runner.from_cfg(cfg))
    assert read == [str(file)]
    cfg.model.student.decode_head.num_classes = cfg.model.teacher.config.decode_head.num_classes = 4
    cfg.model.teacher.checkpoint = None
    with pytest.raises(ValueError, match=r"^model.student.decode_head.num_classes is 4, but train"):
        rehearse_plain(Runner.from_cfg(cfg))


def test_a_model_that_cannot_be_copied_is_built_again(plain_config, monkeypatch):
    def refuse(model, memo):
        raise TypeError("cannot pickle")

    monkeypatch.setattr(EncoderDecoder, "__deepcopy__", refuse, raising=False)
    with pytest.raises(ValueError, match=r"^model.decode_head.num_classes is 4"):
        rehearse_plain(Runner.from_cfg(plain_config(model__decode_head__num_classes=4)))


@pytest.mark.parametrize("name", ["train_dataloader", "val_dataloader"])
def test_ids_of_later_files_are_read(plain_config, plain_root, tmp_path, name):
    labels = shutil.copytree(plain_root / "ann", tmp_path / "ann")
    cv2.imwrite(str(labels / "2.png"), np.full((32, 48), 7, np.uint8))
    changes = {f"{name}__dataset__data_prefix__seg_map_path": str(labels)}
    with pytest.raises(ValueError, match=rf"^{name}: .*2\.png: class id out of range: got 7"):
        rehearse_plain(Runner.from_cfg(plain_config(**changes)))
    rehearse_plain(Runner.from_cfg(plain_config(**changes, check_labels=0)))
    keys = ("model__decode_head__ignore_index", "val_evaluator__ignore_index")
    right, wrong = keys if name.startswith("train") else keys[::-1]
    rehearse_plain(Runner.from_cfg(plain_config(**changes, **{right: 7})))
    with pytest.raises(ValueError, match=f"^{name}: "):
        rehearse_plain(Runner.from_cfg(plain_config(**changes, **{wrong: 7})))
    (labels / "3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"3\.png"):
        rehearse_plain(Runner.from_cfg(plain_config(**changes)))
