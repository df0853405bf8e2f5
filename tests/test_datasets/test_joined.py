"""Test sets of different tasks, ours and mmseg's, are joined with the names of all."""

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS

PACK = [dict(type="LoadImageFromFile"), dict(type="PackMultiTaskInputs")]


@pytest.fixture
def build(mmseg_scope):
    return lambda *sets: DATASETS.build(dict(type="JoinedDatasets", datasets=list(sets)))


@pytest.fixture
def theirs(tmp_path):
    """Config of a set of mmseg's with two classes."""
    for folder, shape in (("image", (8, 8, 3)), ("label", (8, 8))):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), np.zeros(shape, np.uint8))
    return dict(
        type="BaseSegDataset",
        data_root=str(tmp_path),
        data_prefix=dict(img_path="image", seg_map_path="label"),
        img_suffix=".png",
        metainfo=dict(classes=("sky", "land"), palette=[[0, 0, 0], [9, 9, 9]]),
        pipeline=[
            dict(type="LoadImageFromFile"),
            dict(type="LoadAnnotations"),
            dict(type="PackSegInputs"),
        ],
    )


@pytest.fixture
def ours(rooms_root):
    """A function: config of a rooms dataset with some of its tasks."""

    def make(*tasks, **changes):
        base = dict(type="RoomsDataset", data_root=str(rooms_root), split="val", pipeline=PACK)
        return dict(base, tasks=list(tasks), **changes)

    return make


@pytest.mark.parametrize("order", [1, -1])
def test_classes_are_those_of_the_set_that_has_labels_of_them(build, theirs, ours, order):
    with DefaultScope.overwrite_default_scope("mmseg"):
        joined = build(*[theirs, ours("depth", "normal")][::order])
    assert joined.metainfo["classes"] == ("sky", "land")
    assert joined.metainfo["palette"] == [[0, 0, 0], [9, 9, 9]]
    assert joined.metainfo["depth_map_task"] == "depth"
    single = DATASETS.build(ours("depth"))
    assert len(joined) == len(single) + 1


def test_inside_a_wrapper_and_with_equal_names(build, theirs, ours):
    repeated = dict(type="RepeatDataset", times=3, dataset=theirs)
    listed = dict(theirs, metainfo=dict(classes=["sky", "land"]), reduce_zero_label=True)
    joined = build(ours("depth"), repeated, listed)
    assert list(joined.metainfo["classes"]) == ["sky", "land"]


def test_a_depth_set_of_mmsegs_names_scenes_not_classes(build, theirs, tmp_path):
    scenes = dict(theirs, data_prefix=dict(img_path="image"), metainfo=dict(classes=("a", "b")))
    assert build(scenes, theirs).metainfo["classes"] == ("sky", "land")


def test_two_sets_that_say_different_things_of_a_task(build, theirs, ours):
    with pytest.raises(ValueError, match=r"\[0\] and datasets\[1\] differ in classes: \('sky'.*=N"):
        build(theirs, ours("seg"))
    unit = dict(metainfo=dict(depth_map_unit="mm"))
    with pytest.raises(ValueError, match="differ in depth_map_unit: .*'mm'"):
        build(ours("depth", **unit), theirs, ours("depth", metainfo=dict(depth_map_unit="m")))


@pytest.mark.parametrize("sets", [[], "rooms", None])
def test_nothing_to_join(sets):
    with pytest.raises(ValueError, match="datasets of JoinedDatasets is .*; list at least one"):
        DATASETS.build(dict(type="JoinedDatasets", datasets=sets))
