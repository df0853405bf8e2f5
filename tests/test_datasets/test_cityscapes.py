"""Cityscapes: the publisher's tree and the arrays of the literature."""

import json

import cv2
import numpy as np
import pytest
from shared_fixtures import PIPELINE

from mmlhl.datasets import CityscapesMultiTaskDataset, CityscapesNpyDataset, NYUv2Dataset
from mmlhl.datasets.cityscapes import CATEGORIES, CLASSES_7, CLASSES_19, id_map_of
from mmlhl.datasets.missing_files import need_files

FRAME = "aachen/aachen_000000_000019"


@pytest.fixture
def tree(tmp_path):
    files = dict(
        leftImg8bit=("leftImg8bit.png", np.full((4, 8, 3), 90, np.uint8)),
        gtFine=(
            "gtFine_labelIds.png",
            np.array([[7, 8, 26, 24, 23, 21, 4, 29]] * 4, np.uint8),
        ),
        disparity=(
            "disparity.png",
            np.array([[0, 1, 257, 2561, 5121, 1281, 257, 2]] * 4, np.uint16),
        ),
    )
    for folder, (suffix, array) in files.items():
        path = tmp_path / folder / "train" / f"{FRAME}_{suffix}"
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), array)
    # the publisher puts other files beside the ids
    cv2.imwrite(
        str(tmp_path / "gtFine" / "train" / f"{FRAME}_gtFine_color.png"),
        np.zeros((4, 8, 4), np.uint8),
    )
    camera = tmp_path / "camera" / "train" / f"{FRAME}_camera.json"
    camera.parent.mkdir(parents=True)
    camera.write_text(
        json.dumps(
            dict(
                extrinsic=dict(baseline=0.2, pitch=0.03, roll=0.0, x=1.7, y=0.1, yaw=0.0, z=1.2),
                intrinsic=dict(fx=2000.0, fy=2000.0, u0=4.0, v0=2.0),
            )
        )
    )
    return tmp_path


def first(tree, **kwargs):
    dataset = CityscapesMultiTaskDataset(
        data_root=str(tree), split="train", pipeline=PIPELINE, **kwargs
    )
    assert len(dataset) == 1
    return dataset[0]["data_samples"]


def test_nineteen_classes_and_inverse_depth(tree):
    sample = first(tree)
    assert sample.img_id == FRAME
    # road, sidewalk, car, person, sky, vegetation, static (void), caravan (ignored)
    assert sample.gt_sem_seg.data[0, 0].tolist() == [0, 1, 13, 11, 10, 8, 255, 255]
    disparity = sample.gt_depth_map.data[0, 0]
    assert disparity[:2].isnan().all()
    assert disparity[2:].tolist() == [1, 10, 20, 5, 1, 1 / 256]


def test_seven_categories_and_metres(tree):
    sample = first(tree, num_classes=7, depth="metres", max_depth=90)
    assert sample.gt_sem_seg.data[0, 0].tolist() == [0, 0, 6, 5, 4, 3, 255, 255]
    depth = sample.gt_depth_map.data[0, 0]
    # 0.2 m * 2000 pixels / disparity; depths from 400 m on are unmeasured
    np.testing.assert_allclose(depth[3:6], [40, 20, 80], rtol=1e-5)
    assert depth[[0, 1, 2, 6, 7]].isnan().all()


def test_missing_camera_and_unknown_ids(tree):
    (tree / "camera" / "train" / f"{FRAME}_camera.json").write_text("{}")
    with pytest.raises(ValueError, match=r"camera\.json: expected.*baseline"):
        first(tree, depth="metres")
    broken = dict(extrinsic=dict(baseline=-0.2), intrinsic=dict(fx=2262.0))
    for text in ("{not json", json.dumps(broken)):
        (tree / "camera" / "train" / f"{FRAME}_camera.json").write_text(text)
        with pytest.raises(ValueError, match=r"camera\.json: expected.*positive"):
            first(tree, depth="metres")
    (tree / "camera" / "train" / f"{FRAME}_camera.json").unlink()
    with pytest.raises(FileNotFoundError, match="camera file for depth in metres"):
        first(tree, depth="metres")
    assert "gt_sem_seg" in first(tree, depth="metres", tasks=["seg"])
    path = tree / "gtFine" / "train" / f"{FRAME}_gtFine_labelIds.png"
    cv2.imwrite(str(path), np.full((4, 8), 99, np.uint8))
    with pytest.raises(ValueError, match="labelIds.png: class id out of range.*99"):
        first(tree)
    with pytest.raises(ValueError, match="num_classes of Cityscapes is 20"):
        first(tree, num_classes=20)
    with pytest.raises(ValueError, match="depth of Cityscapes is 'm'"):
        first(tree, depth="m")


def test_a_camera_that_is_missing_in_the_middle_is_named_before_training(tree):
    arguments = dict(depth="metres", tasks=["depth"], split="train", serialize_data=False)
    dataset = CityscapesMultiTaskDataset(data_root=str(tree), **arguments)
    need_files(dataset)
    (tree / "camera" / "train" / f"{FRAME}_camera.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"camera_path lacks '.*_camera\.json'"):
        need_files(dataset)


@pytest.mark.parametrize(
    ("num_classes", "classes"), [(19, [0, 1, 13, 11, 10, 8, 255, 255]), (7, [0, 0, 6, 5, 4, 3])]
)
def test_files_of_training_ids_are_read_as_those(tree, num_classes, classes):
    stored = np.array([[0, 1, 13, 11, 10, 8, 255, 255]] * 4, np.uint8)
    cv2.imwrite(str(tree / "gtFine" / "train" / f"{FRAME}_gtFine_labelTrainIds.png"), stored)
    seg = dict(suffix="_gtFine_labelTrainIds.png")
    sample = first(tree, tasks=["seg"], annotations=dict(seg=seg), num_classes=num_classes)
    assert sample.gt_sem_seg.data[0, 0].tolist()[: len(classes)] == classes


@pytest.mark.parametrize("max_depth", ["far", -1, float("nan"), 0])
def test_invalid_maximum_depth_is_refused(max_depth):
    with pytest.raises(ValueError, match="max_depth is"):
        CityscapesMultiTaskDataset(depth="metres", max_depth=max_depth)


@pytest.mark.parametrize("kind", [CityscapesMultiTaskDataset, CityscapesNpyDataset, NYUv2Dataset])
def test_invalid_number_of_classes_is_refused(kind):
    for value in ([13], "19", 19.0, None):
        with pytest.raises(ValueError, match=r"num_classes of \w+ is"):
            kind(num_classes=value)


def test_categories_follow_the_classes():
    assert len(CATEGORIES) == len(CLASSES_19) == 19
    groups = {c: [] for c in range(7)}
    for name, category in zip(CLASSES_19, CATEGORIES, strict=True):
        groups[category].append(name)
    named = {CLASSES_7[c]: names for c, names in groups.items()}
    assert named["flat"] == ["road", "sidewalk"] and named["sky"] == ["sky"]
    assert named["human"] == ["person", "rider"] and len(named["vehicle"]) == 6
    assert sorted(set(id_map_of(19).values())) == [*range(19), 255]
    assert sorted(set(id_map_of(7).values())) == [*range(7), 255]


@pytest.mark.parametrize("num_classes", [7, 19])
def test_arrays(tmp_path, num_classes):
    for folder in ("image", "label_7", "label_19", "depth"):
        (tmp_path / "train" / folder).mkdir(parents=True)
    np.save(tmp_path / "train" / "image" / "0.npy", np.full((2, 3, 3), 0.5))
    np.save(tmp_path / "train" / "label_7" / "0.npy", np.array([[-1, 0, 6]] * 2, np.float32))
    np.save(tmp_path / "train" / "label_19" / "0.npy", np.array([[-1, 0, 18]] * 2, np.float32))
    np.save(tmp_path / "train" / "depth" / "0.npy", np.array([[0, 0.1, 0.4]] * 2)[..., None])
    dataset = CityscapesNpyDataset(
        data_root=str(tmp_path), split="train", num_classes=num_classes, pipeline=PIPELINE
    )
    assert len(dataset.metainfo["classes"]) == num_classes
    sample = dataset[0]["data_samples"]
    assert sample.gt_sem_seg.data[0, 0].tolist() == [255, 0, num_classes - 1]
    assert sample.gt_depth_map.data[0, 0].isnan().tolist() == [True, False, False]
    assert dataset.ann_specs["depth"].inverse
