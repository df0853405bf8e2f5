"""PASCAL with five tasks, from the files that the literature shares."""

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from shared_fixtures import PIPELINE

from mmlhl.datasets import PascalMultiTaskDataset
from mmlhl.datasets.pascal_multitask import PARTS, voc_palette

SIZE = (4, 6)


def person(parts, class_ind=15):
    records = np.zeros(len(parts), dtype=[("part_name", object), ("mask", object)])
    mask = np.zeros(SIZE, np.uint8)
    for i, (name, place) in enumerate(parts):
        part = np.zeros(SIZE, np.uint8)
        part[place] = 1
        mask |= part
        records[i] = (name, part)
    return ("person", class_ind, mask, records if len(parts) else np.zeros((0, 0)))


def write_parts(path, things):
    objects = np.zeros(
        len(things),
        dtype=[("class", object), ("class_ind", object), ("mask", object), ("parts", object)],
    )
    for i, thing in enumerate(things):
        objects[i] = thing
    savemat(str(path), dict(anno=dict(imname=path.stem, objects=objects)))


def write_indexed(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array, mode="P")
    image.putpalette(sum(voc_palette(256), []))
    image.save(path)


@pytest.fixture
def tree(tmp_path):
    for folder in ("JPEGImages", "human_parts", "sal_distill", "normals_distill"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pascal-context" / "trainval").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Context").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Context" / "train.txt").write_text("2008_000002\n2008_000003\n")
    label = np.zeros(SIZE, np.uint8)
    label[0, :2] = [15, 255]
    write_indexed(tmp_path / "semseg" / "VOC12" / "2008_000002.png", label)
    write_indexed(tmp_path / "semseg" / "pascal-context" / "2008_000003.png", label + 1)
    for name in ("2008_000002", "2008_000003"):
        cv2.imwrite(str(tmp_path / "JPEGImages" / f"{name}.jpg"), np.zeros((*SIZE, 3), np.uint8))
        sal = np.zeros(SIZE, np.uint8)
        sal[0] = [0, 127, 128, 255, 0, 0]
        cv2.imwrite(str(tmp_path / "sal_distill" / f"{name}.png"), sal)
        normal = np.full((*SIZE, 3), 128, np.uint8)
        normal[..., 0] = 255
        normal[0, [0, 5]] = 0
        cv2.imwrite(str(tmp_path / "normals_distill" / f"{name}.png"), normal)
        regions = np.full(SIZE, 2, np.uint16)  # an aeroplane, which no indoor set has
        regions[:, 3:] = 284  # a person, which NYUv2 has
        savemat(
            str(tmp_path / "pascal-context" / "trainval" / f"{name}.mat"), {"LabelMap": regions}
        )
    people = [
        person([("hair", (0, 0)), ("lfoot", (3, 5))]),
        person([("torso", (1, 1))]),
        person([("head", (2, 2))], class_ind=12),  # a dog's head
        person([]),
    ]
    write_parts(tmp_path / "human_parts" / "2008_000002.mat", people)
    write_parts(tmp_path / "human_parts" / "2008_000003.mat", [])
    return tmp_path


def test_all_five_tasks(tree):
    dataset = PascalMultiTaskDataset(data_root=str(tree), split="train", pipeline=PIPELINE)
    assert len(dataset) == 2
    first, second = (dataset[i]["data_samples"] for i in range(2))
    assert first.gt_sem_seg.data[0, 0].tolist() == [15, 255, 0, 0, 0, 0]
    assert second.gt_sem_seg.data[0, 1, 0] == 1  # from the second place
    expected = np.zeros(SIZE)
    expected[0, 0], expected[3, 5], expected[1, 1] = 1, 6, 2
    np.testing.assert_array_equal(first.gt_human_parts.data[0], expected)
    assert second.gt_human_parts.data.shape == (1, *SIZE)
    assert second.gt_human_parts.data.sum() == 0
    assert first.gt_saliency_map.data[0, 0].tolist() == [0, 0, 1, 1, 0, 0]
    normals = first.gt_normal_map.data
    assert normals[:, :, :3].isnan().all() and normals[:, 0, 5].isnan().all()
    np.testing.assert_allclose(normals[:, 1, 3], [0, 0, 1], atol=6e-3)
    assert first.gt_edge_map.data[0].tolist() == [[0, 0, 1, 0, 0, 0]] * 4
    assert dataset.ann_specs["human_parts"].num_classes == len(PARTS) == 7
    assert dataset.metainfo["human_parts_classes"] == PARTS
    assert len(dataset.metainfo["classes"]) == 21


def test_one_person_with_one_part(tree):
    write_parts(tree / "human_parts" / "2008_000002.mat", [person([("nose", (0, 3))])])
    dataset = PascalMultiTaskDataset(data_root=str(tree), tasks=["human_parts"], pipeline=PIPELINE)
    assert dataset[0]["data_samples"].gt_human_parts.data[0, 0].tolist() == [0, 0, 0, 1, 0, 0]


def test_normals_are_valid_on_normal_classes_only(tree):
    kwargs = dict(data_root=str(tree), tasks=["normals"], pipeline=PIPELINE)
    everywhere = PascalMultiTaskDataset(normal_classes=None, **kwargs)[0]["data_samples"]
    missing = everywhere.gt_normal_map.data.isnan().all(0)
    assert missing.sum() == 2 and missing[0, 0] and missing[0, 5]
    aeroplanes = PascalMultiTaskDataset(normal_classes=[2], **kwargs)
    normals = aeroplanes[0]["data_samples"].gt_normal_map.data
    assert normals[:, :, 3:].isnan().all() and normals[:, 1, :3].isfinite().all()
    regions = tree / "pascal-context" / "trainval" / "2008_000002.mat"
    savemat(str(regions), {"LabelMap": np.ones((2, 2))})
    with pytest.raises(ValueError, match=r"000002\.mat: label map of shape \(2, 2\), expected"):
        aeroplanes[0]
    regions.unlink()
    with pytest.raises(FileNotFoundError, match="label map that says where normals count"):
        aeroplanes[0]


def test_broken_files_are_named(tree):
    write_parts(tree / "human_parts" / "2008_000002.mat", [person([("tail", (0, 3))])])
    (tree / "human_parts" / "2008_000003.mat").write_bytes(b"nothing")
    dataset = PascalMultiTaskDataset(data_root=str(tree), tasks=["human_parts"], pipeline=PIPELINE)
    with pytest.raises(ValueError, match=r"000002\.mat: unknown body part 'tail'"):
        dataset[0]
    with pytest.raises(ValueError, match=r"000003\.mat: expected a \.mat file"):
        dataset[1]
    things = dict(objects=dict(class_ind=15, mask=np.ones(SIZE)))
    for broken in (dict(objects=dict(class_ind=15)), "nothing", things | dict(objects=[1, 2])):
        savemat(str(tree / "human_parts" / "2008_000003.mat"), dict(anno=broken))
        if isinstance(broken, dict) and broken["objects"] == [1, 2]:
            continue  # no struct: nothing is annotated
        with pytest.raises(ValueError, match=r"000003\.mat: expected anno\.objects"):
            dataset[1]
    savemat(str(tree / "pascal-context" / "trainval" / "2008_000002.mat"), {"Other": 1})
    dataset = PascalMultiTaskDataset(data_root=str(tree), tasks=["edge"], pipeline=PIPELINE)
    with pytest.raises(ValueError, match="variable 'LabelMap'"):
        dataset[0]
    with pytest.raises(FileNotFoundError, match=r"ann_file.*test\.txt"):
        PascalMultiTaskDataset(data_root=str(tree), split="test")


def test_palette_is_the_publishers():
    assert voc_palette(21)[15] == [192, 128, 128] and voc_palette(21)[1] == [128, 0, 0]


def test_no_class_for_normals():
    with pytest.raises(ValueError, match="normal_classes is empty"):
        PascalMultiTaskDataset(normal_classes=[])
