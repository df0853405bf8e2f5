"""Each dataset, in its publisher's format, is loaded, trained on and evaluated."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config

from mmlhl.engine import LifelongRunner
from tests.test_datasets import publisher_trees

CONFIGS = Path(__file__).parents[2] / "configs" / "_base_" / "datasets"
ROTATE = dict(type="MultiTaskRandomRotate", prob=1.0, degree=10)
SETS = dict(
    cityscapes=("cityscapes", publisher_trees.cityscapes, dict(depth="metres", num_classes=7)),
    cityscapes_npy=("cityscapes_npy_7", publisher_trees.cityscapes_npy, {}),
    nyuv2=("nyuv2", publisher_trees.nyuv2, {}),
    taskonomy=("taskonomy", publisher_trees.taskonomy, {}),
    pascal=("pascal_multitask", publisher_trees.pascal, {}),
)


def small(step: dict) -> dict:
    """A step of a config's pipeline for images of 32x48."""
    sizes = dict(RandomResize="scale", MultiTaskResize="scale", MultiTaskRandomCrop="crop_size")
    if step["type"] not in sizes:
        return step
    height, width = publisher_trees.SIZE
    size = (height, width) if step["type"] == "MultiTaskRandomCrop" else (width, height)
    return {**step, sizes[step["type"]]: size}


def head_of(ann, decoder) -> dict:
    """A head for an annotation's output space."""
    if ann.kind == "classes":
        classes = ann.num_classes
        return dict(
            type="SegmentationHead", field=ann.field, num_classes=classes, decoder=decoder()
        )
    if ann.kind == "channels":
        count = len(ann.channels or [0])
        return dict(type="ChannelHead", field=ann.field, channels=count, decoder=decoder())
    types = dict(depth="DepthHead", normal="NormalHead", binary="BinaryHead")
    return dict(type=types[ann.kind], field=ann.field, decoder=decoder())


@pytest.mark.parametrize("name", SETS)
def test_sequence(name, tmp_path, sequence_config, decoder_config):
    from mmseg.registry import DATASETS

    config, write_tree, options = SETS[name]
    root = tmp_path / "data"
    write_tree(root, np.random.default_rng(0))
    data = Config.fromfile(CONFIGS / f"{config}.py")
    changes = {}
    for loader in ("train_dataloader", "test_dataloader"):
        dataset = {**data[loader].dataset, "data_root": str(root), **options}
        dataset["pipeline"] = [small(step) for step in dataset["pipeline"]]
        changes[loader] = dict(
            batch_size=2 if loader == "train_dataloader" else 1,
            num_workers=0,
            sampler=dict(type="DefaultSampler", shuffle=False),
            dataset=dataset,
        )
    # includes unlabelled pixels of rotated corners
    changes["train_dataloader"]["dataset"]["pipeline"].insert(-1, ROTATE)
    specs = DATASETS.build({**dataset, "pipeline": []}).ann_specs
    cfg = sequence_config(
        tmp_path / "work",
        **changes,
        test_evaluator=data.test_evaluator.to_dict(),
        # two phases are enough to distil every task but those of the last one
        phases=[dict(tasks=list(specs)[:-1]), dict(tasks=list(specs)[-1:])],
        train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
    )
    cfg.model["heads"] = {task: head_of(ann, decoder_config) for task, ann in specs.items()}
    record = LifelongRunner.from_cfg(cfg).train()
    metrics = record.metrics
    assert set(metrics) == set(specs)
    for task, results in metrics.items():
        for metric, values in results.items():
            assert np.isfinite(values["values"][-1]), (task, metric)


@pytest.mark.parametrize("spoilt", ["some", "all"])
def test_images_without_a_measurement_train_without_nan(
    spoilt, tmp_path, rooms_root, sequence_config
):
    shutil.copytree(rooms_root, tmp_path / "data")
    for kind in ("depth", "normal"):
        files = sorted((tmp_path / "data" / "train" / kind).iterdir())
        for path in files if spoilt == "all" else files[::2]:
            stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(path), np.zeros_like(stored))
    cfg = sequence_config(tmp_path / "work")
    cfg.train_dataloader.dataset.data_root = str(tmp_path / "data")
    record = LifelongRunner.from_cfg(cfg).train()
    for results in record.metrics.values():
        for values in results.values():
            assert np.isfinite(values["values"][-1])
    weights = torch.load(tmp_path / "work" / "phase_3_normal" / "normal.pth", weights_only=False)
    assert all(value.isfinite().all() for value in weights["state_dict"].values())
