"""Taskonomy: ten domains with the publisher's names and encodings."""

import cv2
import numpy as np
import pytest
from shared_fixtures import PIPELINE

from mmlhl.datasets import TaskonomyDataset

SIZE = (4, 6)


def full(value, dtype, channels=None):
    return np.full(SIZE if channels is None else (*SIZE, channels), value, dtype)


def write(root, building, view, folder=""):
    depth = full(1024, np.uint16)
    depth[0, 0] = 65535
    normal = full(127, np.uint8, 3)
    normal[..., 0] = 255  # cv2 writes BGR: blue, towards the camera
    normal[1, 1] = 128  # no normal
    label = np.full((2, 3), 5, np.uint8)
    label[0, 0], label[0, 1] = 0, 1
    curvature = full(127, np.uint8, 3)
    curvature[..., 2] = 178  # red: first curvature
    images = dict(
        rgb=full(9, np.uint8, 3),
        segment_semantic=label,
        depth_zbuffer=depth,
        depth_euclidean=depth,
        normal=normal,
        reshading=full(51, np.uint8, 3),
        edge_texture=full(6553, np.uint16),
        edge_occlusion=full(0, np.uint16),
        keypoints2d=full(655, np.uint16),
        keypoints3d=full(65535, np.uint16),
        principal_curvature=curvature,
    )
    for domain, image in images.items():
        stored = "segmentsemantic" if domain == "segment_semantic" else domain
        path = root / domain / folder / building / f"{view}_domain_{stored}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)


@pytest.fixture
def tree(tmp_path):
    for building in ("allensville", "beechwood", "corozal"):
        for view in ("point_0_view_0", "point_12_view_3"):
            write(tmp_path, building, view)
    return tmp_path


def test_all_ten_encodings(tree):
    dataset = TaskonomyDataset(data_root=str(tree), pipeline=PIPELINE)
    assert len(dataset) == 6 and len(dataset.tasks) == 10
    sample = dataset[1]["data_samples"]
    assert sample.img_id == "allensville/point_12_view_3"
    # 2x3 labels are brought to 4x6; 0 is uncertain, 1 background, 5 is the fifth of 17 classes
    labels = sample.gt_sem_seg.data[0]
    assert labels[::2, ::2].tolist() == [[255, 0, 4], [4, 4, 4]]
    for field in ("gt_depth_zbuffer_map", "gt_depth_euclidean_map"):
        depth = sample.get(field).data[0]
        assert depth[0, 0].isnan() and depth[1, 1] == 2.0
    normals = sample.gt_normal_map.data
    np.testing.assert_allclose(normals[:, 0, 0], [0, 0, -1], atol=6e-3)
    assert normals[:, 1, 1].isnan().all()
    assert sample.gt_reshading_map.data.shape == (1, *SIZE)
    assert sample.gt_reshading_map.data[0, 0, 0] == pytest.approx(0.2)
    assert sample.gt_edge_texture_map.data[0, 0, 0] == pytest.approx(0.1, abs=1e-4)
    assert sample.gt_edge_occlusion_map.data[0, 0, 0] == 0
    assert sample.gt_keypoints2d_map.data[0, 0, 0] == pytest.approx(0.01, abs=1e-4)
    assert sample.gt_keypoints3d_map.data[0, 0, 0] == 1
    curvature = sample.gt_principal_curvature_map.data
    assert curvature.shape == (2, *SIZE)
    np.testing.assert_allclose(curvature[:, 0, 0], [0.2, 0], atol=1e-6)


def test_buildings(tree):
    def ids(buildings, **kwargs):
        dataset = TaskonomyDataset(
            data_root=str(tree), buildings=buildings, tasks=["normal"], **kwargs
        )
        return [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))]

    assert ids(["corozal", "beechwood"]) == [
        "corozal/point_0_view_0",
        "corozal/point_12_view_3",
        "beechwood/point_0_view_0",
        "beechwood/point_12_view_3",
    ]
    for text in ("beechwood\n\ncorozal\n", "id\nbeechwood\ncorozal\n"):
        (tree / "train.txt").write_text(text)
        assert len(ids("train.txt")) == 4
    # the publisher's tables: one column per split
    (tree / "all.csv").write_text("id,train,val,test\nbeechwood,1,0,0\ncorozal,0,0,1\n")
    assert {img_id.split("/")[0] for img_id in ids("all.csv", split="train")} == {"beechwood"}
    assert {img_id.split("/")[0] for img_id in ids("all.csv", split="test")} == {"corozal"}
    with pytest.raises(ValueError, match=r"all\.csv says by columns.*split is ''"):
        ids("all.csv")
    with pytest.raises(FileNotFoundError, match="buildings is 'nowhere'"):
        ids(["nowhere"])
    with pytest.raises(FileNotFoundError, match=r"buildings is 'test\.csv'"):
        ids("test.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(split="train"), "split of TaskonomyDataset is 'train', but nothing says what is in"),
        (dict(buildings=["corozal", "corozal/"]), "buildings: 'corozal/' is named twice"),
        (dict(buildings="twice.csv", split="val"), r"twice\.csv, line 3: 'corozal' is named twice"),
        (dict(buildings="cells.csv", split="val"), r"cells\.csv, line 2: val is '1\.0'.* 0 or 1"),
        (dict(buildings="headless.csv", split="val"), r"headless\.csv, line 1: .*1 columns, got 2"),
        (dict(buildings=["corozal"], ann_file="list.txt"), "both ann_file.*and buildings"),
        (dict(folder=3), "folder of TaskonomyDataset is 3; it must be one string"),
    ],
)
def test_no_building_is_read_by_mistake(tree, arguments, message):
    (tree / "twice.csv").write_text("id,val\ncorozal,1\ncorozal,1\n")
    (tree / "cells.csv").write_text("id,val\ncorozal,1.0\n")
    (tree / "headless.csv").write_text("corozal,1\nbeechwood,0\n")
    with pytest.raises(ValueError, match=message):
        TaskonomyDataset(data_root=str(tree), tasks=["normal"], **arguments)


def test_a_quoted_table(tree):
    (tree / "quoted.csv").write_text('"id","val"\n"corozal","1"\n"beechwood","0"\n')
    arguments = dict(buildings="quoted.csv", split="val", tasks=["normal"])
    assert len(TaskonomyDataset(data_root=str(tree), **arguments)) == 2


def test_folder_between_domain_and_building(tmp_path):
    write(tmp_path, "almena", "point_0_view_0", folder="taskonomy")
    dataset = TaskonomyDataset(
        data_root=str(tmp_path),
        folder="taskonomy",
        tasks=["keypoints2d"],
        annotations=dict(keypoints2d=dict(scale=0.001)),
        pipeline=PIPELINE,
    )
    sample = dataset[0]["data_samples"]
    assert sample.img_id == "almena/point_0_view_0"
    assert sample.gt_keypoints2d_map.data[0, 0, 0] == pytest.approx(0.655)
