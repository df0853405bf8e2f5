"""A checkpoint's meta with entries of other types."""

import numpy as np
import pytest
import torch

from mmlhl.checkpoints import CheckpointError, read_checkpoint
from mmlhl.checkpoints.meta_checks import meta_problem


@pytest.mark.parametrize(
    "meta",
    [
        {},
        dict(input=None, dataset_meta=None),
        dict(input=dict(mean=None, std=None, bgr_to_rgb=False)),
        dict(input=dict(mean=[1, 2.5, 3], std=2.0, bgr_to_rgb=True)),
        dict(dataset_meta=dict(classes=("a", "b"), palette=[[0, 0, 255], [1, 2, 3]])),
        dict(dataset_meta=dict(palette=np.zeros((2, 3), np.uint8), seg_map_classes=["a"])),
        dict(CLASSES=["a"], PALETTE=None, tasks=7),
        dict(CLASSES=("a",), PALETTE="random"),
        dict(dataset_meta=dict(depth_map_unit="m", reduce_zero_label=False, label_map={1: 0})),
    ],
)
def test_what_training_writes(meta):
    assert meta_problem(meta) is None


@pytest.mark.parametrize(
    "meta, wanted",
    [
        (dict(input=[1]), "meta.input is a list"),
        (dict(input=dict(mean="x")), "meta.input.mean"),
        (dict(input=dict(mean=[1, "2"])), "meta.input.mean"),
        (dict(input=dict(mean=[])), "meta.input.mean"),
        (dict(input=dict(mean=[float("nan")] * 3)), "meta.input.mean"),
        (dict(input=dict(std=[1, 0, 1])), "meta.input.std holds no numbers above 0"),
        (dict(input=dict(std=10**400)), "meta.input.std"),
        (dict(input=dict(mean=True)), "meta.input.mean"),
        (dict(input=dict(bgr_to_rgb="yes")), "bgr_to_rgb"),
        (dict(dataset_meta=dict(classes="road")), "dataset_meta.classes"),
        (dict(dataset_meta=dict(seg_map_classes=3)), "dataset_meta.seg_map_classes"),
        (dict(dataset_meta=dict(parts_map_classes=[["a"]])), "dataset_meta.parts_map_classes"),
        (dict(dataset_meta=dict(palette=[1, 2])), "dataset_meta.palette"),
        (dict(dataset_meta=dict(palette=[[1, 2, 300]])), "dataset_meta.palette"),
        (dict(dataset_meta=dict(seg_map_palette=[["a", 0, 0]])), "seg_map_palette"),
        (dict(dataset_meta=dict(depth_map_unit=5)), "depth_map_unit is not a unit"),
        (dict(CLASSES=7), "meta.CLASSES"),
        (dict(PALETTE=torch.ones(2)), "meta.PALETTE"),
    ],
)
def test_anything_else_is_named_with_the_file(tmp_path, meta, wanted):
    path = tmp_path / "model.pth"
    torch.save(dict(meta=meta, state_dict={}), path)
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path)
    assert wanted in str(error.value) and str(path) in str(error.value)
