"""Options of a dataset reach its labels, or are refused; labels beside images are no images."""

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform

from mmlhl.datasets import MultiTaskDataset

STEPS = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
IDS = np.array([[0, 1, 2, 3, 4, 255]], np.uint8)
NAMES = ("a", "b", "c", "d", "e")


class Made(BaseTransform):
    """Makes classes from the image."""

    def __init__(self, field, ids=IDS):
        self.key = "gt_seg_map" if field == "sem_seg" else f"gt_{field}"
        self.ids = ids

    def transform(self, results):
        return {**results, self.key: np.array(self.ids)}


def dataset(root, annotations, images=("0",), names=None, **options):
    (root / "image").mkdir(exist_ok=True)
    for image in images:
        cv2.imwrite(str(root / "image" / f"{image}.png"), np.zeros((1, 6, 3), np.uint8))
    (root / "label").mkdir(exist_ok=True)
    cv2.imwrite(str(root / "label" / "0.png"), IDS)
    if names is not None:
        options["metainfo"] = dict(classes=names)
    return MultiTaskDataset(data_root=str(root), annotations=annotations, pipeline=STEPS, **options)


def made(ids=IDS, **ann):
    return dict(seg=dict(kind="classes", source=dict(type=Made, ids=ids), **ann))


def test_a_subset_of_classes_that_are_made_from_the_image(tmp_path):
    data = dataset(tmp_path, made(classes=NAMES), names=("e", "b"))
    assert data[0]["gt_seg_map"].tolist() == [[255, 1, 255, 255, 0, 255]]
    data = dataset(tmp_path, made(classes=NAMES), names=NAMES)
    assert np.array_equal(data[0]["gt_seg_map"], IDS)
    data = dataset(tmp_path, made(label_map={0: 1, 1: 0, 2: 0, 3: 255, 4: 1}, num_classes=2))
    assert data[0]["gt_seg_map"].tolist() == [[1, 0, 0, 255, 1, 255]]


def test_made_classes_are_those_of_the_dataset(tmp_path):
    for options in (dict(names=NAMES[:4]), dict(names=("b", "a"))):
        known = made(classes=NAMES[:4]) if len(options["names"]) == 2 else made()
        with pytest.raises(ValueError, match=r"'source' of annotation 'seg' gives 4 in 1 pixels"):
            dataset(tmp_path, known, **options)[0]


SEG = dict(kind="classes", dir="label", field="sem_seg", num_classes=5)
PARTS = dict(kind="classes", dir="label", field="parts_map")


@pytest.mark.parametrize(
    ("annotations", "named"),
    [
        (dict(parts=dict(PARTS, num_classes=5)), r"of annotations\['parts'\]"),
        (made(classes=NAMES), ""),
        (dict(depth=dict(kind="depth", dir="label")), "set reduce_zero_label or leave"),
        (dict(mask=dict(kind="binary", dir="label", field="sem_seg")), "or leave it out"),
    ],
)
def test_reduce_zero_label_without_labels_that_follow(tmp_path, annotations, named):
    with pytest.raises(ValueError, match=rf"reduce_zero_label of Multi.* acts on stored .*{named}"):
        dataset(tmp_path, annotations, reduce_zero_label=True)
    dataset(tmp_path, annotations, reduce_zero_label=False)


def test_reduce_zero_label_of_a_task_that_a_phase_does_not_read(tmp_path):
    both = dict(seg=SEG, parts=dict(PARTS, num_classes=5))
    data = dataset(tmp_path, both, tasks=["parts"], reduce_zero_label=True)
    assert np.array_equal(data[0]["gt_parts_map"], IDS)
    data = dataset(tmp_path, both, tasks=["seg"], reduce_zero_label=True)
    assert data[0]["gt_seg_map"].tolist() == [[255, 0, 1, 2, 3, 255]]


@pytest.mark.parametrize("own", [dict(classes=NAMES), dict(num_classes=5)])
@pytest.mark.parametrize("names", [("a", "b"), ("e", "b", "c", "d")])
def test_classes_that_no_label_would_follow(tmp_path, own, names):
    with pytest.raises(ValueError, match=r"no annotation has the field 'sem_seg', .*\['parts'\]"):
        dataset(tmp_path, dict(parts=dict(PARTS, **own)), names=names)
    dataset(tmp_path, dict(parts=dict(PARTS, **own)), names=NAMES)
    dataset(tmp_path, dict(seg=SEG, parts=dict(PARTS, **own)), names=NAMES, tasks=["parts"])


@pytest.mark.parametrize(("suffix", "ending"), [("_label.png", "_label.png"), ("_m.PNG", "_m.png")])
@pytest.mark.parametrize("folder", ["image", "image/"])
def test_labels_beside_images_are_no_images(tmp_path, suffix, ending, folder):
    beside = dict(kind="classes", dir=folder, suffix=suffix, num_classes=5)
    images = ("0", "1", f"0{ending[:-4]}", f"1{ending[:-4]}", "2_other")
    edge = dict(kind="channels", source="SobelEdges", field="edge_map")
    for tasks in (["seg"], ["edge"]):  # of all tasks, not only of those that are read
        data = dataset(tmp_path, dict(seg=beside, edge=edge), images, tasks=tasks)
        found = [data.get_data_info(i)["img_id"] for i in range(len(data))]
        assert found == ["0", "1", "2_other"]
