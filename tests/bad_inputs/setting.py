"""A valid sequence of two phases and its images, which bad inputs change."""

from __future__ import annotations

import copy
import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config
from shared_fixtures import tiny_decoder, write_maps

from mmlhl.engine import LifelongRunner

HEIGHT, WIDTH = 32, 48
CLASSES = ["wall", "floor", "table", "lamp"]
LOAD, LABELS, PACK = (
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
)
DECODER = tiny_decoder(channels=4)
ANNOTATIONS = dict(
    seg=dict(kind="classes", dir="seg", classes=CLASSES),
    depth=dict(kind="depth", dir="depth", scale=0.001),
    normal=dict(kind="normal", dir="normal"),
    mask=dict(kind="binary", dir="mask"),
)
HEADS = dict(
    seg=dict(type="SegmentationHead", num_classes=4, decoder=DECODER),
    depth=dict(type="DepthHead", decoder=DECODER),
    normal=dict(type="NormalHead", decoder=DECODER),
    mask=dict(type="BinaryHead", field="mask_map", decoder=DECODER),
)
METRICS = dict(
    seg=dict(type="SegmentationMetric"),
    depth=dict(type="DepthErrorMetric"),
    normal=dict(type="NormalErrorMetric"),
    mask=dict(type="BinaryMetric", field="mask_map"),
)
_numbers = itertools.count()


def write_images(root: Path) -> None:
    """Six images for training and two for testing, with all four annotations."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("test", 2)):
        for index in range(count):
            write_maps(
                root / split,
                f"{index}.png",
                image=rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8),
                seg=rng.integers(0, 4, (HEIGHT, WIDTH), np.uint8),
                depth=rng.integers(1000, 4000, (HEIGHT, WIDTH)).astype(np.uint16),
                normal=np.broadcast_to(np.uint16([0, 32768, 32768]), (HEIGHT, WIDTH, 3)),
                mask=rng.integers(0, 2, (HEIGHT, WIDTH), np.uint8),
            )


def model_config() -> dict:
    """Four heads on a ResNet-18 of four channels."""
    return dict(
        type="LifelongSegmentor",
        data_preprocessor=dict(
            type="MultiTaskDataPreProcessor", mean=[120.0] * 3, std=[60.0] * 3, bgr_to_rgb=True
        ),
        backbone=dict(
            type="ResNet",
            depth=18,
            stem_channels=4,
            base_channels=4,
            strides=(1, 2, 1, 1),
            norm_cfg=dict(type="BN"),
        ),
        heads=copy.deepcopy(HEADS),
        method=dict(type="HAD"),
        test_cfg=dict(mode="whole"),
    )


def loader_config(split: str) -> dict:
    """A loader of images of one split."""
    dataset = dict(
        type="MultiTaskDataset",
        img=dict(dir=f"{split}/image"),
        annotations={
            task: {**each, "dir": f"{split}/{each['dir']}"} for task, each in ANNOTATIONS.items()
        },
        pipeline=[LOAD, LABELS, PACK],
        test_mode=split == "test",
    )
    sampler = dict(type="DefaultSampler", shuffle=split == "train")
    return dict(batch_size=2, num_workers=0, sampler=sampler, dataset=copy.deepcopy(dataset))


def config(root: Path, work_dir: Path) -> Config:
    """Segmentation, then depth, one epoch each."""
    cfg = Config(
        dict(
            runner_type="LifelongRunner",
            default_scope="mmseg",
            experiment_name=f"bad_{next(_numbers)}",
            work_dir=str(work_dir),
            model=model_config(),
            phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
            train_dataloader=loader_config("train"),
            test_dataloader=loader_config("test"),
            test_evaluator=dict(type="MultiTaskEvaluator", metrics=copy.deepcopy(METRICS)),
            train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
            val_cfg=None,
            test_cfg=dict(type="TestLoop"),
            optim_wrapper=dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.01)),
            param_scheduler=[dict(type="PolyLR", begin=0, end=1, power=0.9, by_epoch=True)],
            default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=1)),
            log_level="ERROR",
            randomness=dict(seed=0),
        )
    )
    for kind in ("train", "test"):
        cfg[f"{kind}_dataloader"].dataset.data_root = str(root)
    return cfg


class Setting:
    """What a bad input spoils.

    Args:
        images: sound images, which are left alone.
        folder: an empty one.
        fixtures: pytest's request, for what only some cases need.
    """

    def __init__(self, images: Path, folder: Path, fixtures: Any) -> None:
        self.images, self.folder, self.fixtures = images, folder, fixtures
        self.work_dir = folder / "run"
        self.cfg = config(images, self.work_dir)

    @property
    def root(self) -> Path:
        """Copy the images to a folder where they may be changed, and use it in the config."""
        root = self.folder / "data"
        if not root.exists():
            shutil.copytree(self.images, root)
            self.edit({"train_dataloader.dataset.data_root": str(root)})
        return root

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change entries of the config; a key whose value is ``Ellipsis`` is taken out."""
        for key, value in changes.items():
            place, _, last = key.rpartition(".")
            node: Any = self.cfg
            for part in place.split(".") if place else ():
                node = node[int(part) if isinstance(node, list) else part]
            if value is ...:
                node.pop(last)
            else:
                node[last] = copy.deepcopy(value)

    def write(self, path: str, array: Any, split: str = "train") -> Path:
        """Write an array as an image, or bytes as they are, under the training images."""
        file = self.root / split / path
        if isinstance(array, bytes):
            file.write_bytes(array)
        else:
            cv2.imwrite(str(file), array)
        return file

    @property
    def finished(self) -> Path:
        """Work dir of another finished sequence of seg, depth and normal, for reading only."""
        return Path(self.fixtures.getfixturevalue("trained")[0].work_dir)

    def resume(self) -> None:
        """Resume a copy of the finished sequence."""
        shutil.copytree(self.finished, self.work_dir)
        self.cfg = copy.deepcopy(self.fixtures.getfixturevalue("trained")[0])
        self.edit({"work_dir": str(self.work_dir), "resume": True, "log_level": "ERROR"})
        self.cfg.experiment_name = f"bad_{next(_numbers)}"

    def train(self) -> Any:
        """Train, as ``tools/train.py`` does."""
        return LifelongRunner.from_cfg(self.cfg).train()
