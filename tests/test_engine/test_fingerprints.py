"""Fingerprints of a phase's config: what they hold, and which differences matter."""

import pytest
from mmengine.config import Config

from mmlhl.engine.fingerprints import (
    FILE,
    differences,
    fingerprint,
    is_harmless,
    read_fingerprints,
)
from mmlhl.engine.resume_changes import Change


def test_the_same_folder_elsewhere_is_only_noted():
    assert is_harmless("train_dataloader.dataset.data_root", "/a/nyu", "D:\\b\\nyu\\")
    assert not is_harmless("train_dataloader.dataset.data_root", "/a/nyu", "/a/rooms")
    assert is_harmless("checkpoint", "/a/deeplab.pth", "weights/deeplab.pth")
    assert is_harmless("train_dataloader.dataset.ann_file", "/a/train.txt", "/b/train.txt")
    assert not is_harmless("model.backbone.type", "ResNet", "ResNetV1c")
    assert is_harmless("val_evaluator.type", "A", "B")
    assert is_harmless("custom_hooks.MyLogger.interval", 1, 2)
    assert not is_harmless("custom_hooks.EMAHook.momentum", 0.1, 0.2)


@pytest.mark.parametrize(
    ("key", "then", "now"),
    [
        ("train_dataloader.dataset.img.dir", "train/image", "test/image"),
        ("train_dataloader.dataset.annotations.depth.dir", "raw/depth", "filled/depth"),
        ("train_dataloader.dataset.ann_file", "half/train.txt", "whole/train.txt"),
        ("train_dataloader.dataset.data_prefix.img_path", "train/rgb", "val/rgb"),
        ("param_scheduler[0].monitor", "seg/mIoU", "depth/mIoU"),
    ],
)
def test_another_folder_within_the_root_is_another_one(key, then, now):
    assert not is_harmless(key, then, now)


def test_a_task_that_comes_later_decides_nothing_inside_wrappers_either():
    def of(annotations):
        inner = dict(type="MultiTaskDataset", annotations=annotations)
        both = dict(type="ConcatDataset", datasets=[inner, inner])
        dataset = dict(type="RepeatDataset", dataset=both)
        model = dict(tasks=["seg"], new_tasks=["seg"])
        return fingerprint(Config(dict(model=model, train_dataloader=dict(dataset=dataset))))

    first = of(dict(seg=dict(dir="a")))
    assert differences(first, of(dict(seg=dict(dir="a"), depth=dict(dir="b")))) == {}
    assert len(differences(first, of(dict(seg=dict(dir="b"))))) == 2


def test_hooks_that_are_switched_off_or_a_users_own():
    def of(**hooks):
        return fingerprint(Config(dict(model=dict(), default_hooks=hooks)))

    assert of(logger=dict(type="LoggerHook"), checkpoint=None) == {}
    found = differences(of(), of(param_scheduler=None))
    assert found == {"default_hooks.param_scheduler": ("(not set)", "off")}
    assert Change("seg", "interrupted", "default_hooks.param_scheduler", None, "off").refused
    own = differences(of(), of(mixing=dict(type="MixingHook", share=0.5)))
    change = Change("seg", "interrupted", "custom_hooks.MixingHook.share", None, 0.5)
    assert set(own) == {"custom_hooks.MixingHook.type", change.key}
    assert not change.refused and change.outcome.endswith("is not known")


def test_hooks_of_one_type_are_told_apart():
    def of(*momenta):
        hooks = [dict(type="EMAHook", momentum=each) for each in momenta]
        return fingerprint(Config(dict(model=dict(), custom_hooks=hooks)))

    assert differences(of(0.1), of(0.1, 0.1)) == {
        "custom_hooks.EMAHook[1].type": ("(not set)", "EMAHook"),
        "custom_hooks.EMAHook[1].momentum": ("(not set)", 0.1),
    }
    edited = {"custom_hooks.EMAHook.momentum": (0.1, 0.5)}
    assert differences(of(0.1, 0.2), of(0.5, 0.2)) == edited
    key = "custom_hooks.EMAHook[1].momentum"
    assert differences(of(0.1, 0.2), of(0.1, 0.5)) == {key: (0.2, 0.5)}
    assert not is_harmless(key, 0.2, 0.5) and is_harmless("custom_hooks.Mine[2].rate", 1, 2)


@pytest.mark.parametrize("inside", [False, True])
def test_options_of_a_method_for_a_later_task(inside):
    def of(**hakd):
        method = dict(type="HADHeteroAKD", hakd=hakd)
        method = dict(type="Composite", methods=[dict(type="EWC"), method]) if inside else method
        return fingerprint(Config(dict(model=dict(tasks=["seg"], new_tasks=[], method=method))))

    seg, depth = dict(student_channels=8), dict(student_channels=16)
    assert differences(of(seg=seg), of(seg=seg, depth=depth)) == {}
    assert len(differences(of(seg=seg), of(seg=depth))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**5,
        "[]",
        '{"a": 3}',
        '{"a": {}}',
        '{"a": {"fingerprint": [1]}}',
        '{"a": {"fingerprint": {}, "resumed_changed": "lr"}}',
        "\xff",
    ],
)
def test_fingerprints_that_are_none_are_left_out(tmp_path, text):
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    assert read_fingerprints(str(tmp_path)) == {}


@pytest.mark.parametrize("value", ["torch", "mmcv"])
def test_batch_norm_of_all_processes_is_a_part_of_training(value):
    def of(**keys):
        return fingerprint(Config(dict(model=dict(), **keys)))

    assert differences(of(), of(sync_bn=None)) == {}  # as in records that are older
    assert differences(of(), of(sync_bn=value)) == {"sync_bn": ("(not set)", value)}
    assert Change("seg", "interrupted", "sync_bn", None, value).refused
