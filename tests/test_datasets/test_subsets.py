"""Subsets of classes: labels are remapped in every dataset."""

import cv2
import numpy as np
import pytest
from shared_fixtures import PIPELINE

from mmlhl.datasets import (
    CamVidDataset,
    CityscapesMultiTaskDataset,
    CityscapesNpyDataset,
    MultiTaskDataset,
    NYUv2Dataset,
    PascalMultiTaskDataset,
    RoomsDataset,
    TaskonomyDataset,
)
from mmlhl.datasets.classes import resolve_classes

IMAGE = np.zeros((1, 5, 3), np.uint8)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        cv2.imwrite(str(path), np.asarray(array, np.uint8))


# stored ids in the order: second wanted class, first wanted class, another, void, first wanted one
SETS = dict(
    camvid=(CamVidDataset, "train/0.jpg", "trainannot/0.png", ("car", "road"), [3, 8, 0, 11, 8]),
    rooms=(RoomsDataset, "train/image/0.png", "train/label/0.png", None, [2, 1, 0, 255, 1]),
    taskonomy=(
        TaskonomyDataset,
        "rgb/home/p_domain_rgb.png",
        "segment_semantic/home/p_domain_segmentsemantic.png",
        ("bed", "chair"),
        [3, 6, 1, 0, 6],
    ),
    pascal=(
        PascalMultiTaskDataset,
        "JPEGImages/0.jpg",
        "semseg/VOC12/0.png",
        ("person", "cat"),
        [8, 15, 0, 255, 15],
    ),
    cityscapes=(
        CityscapesMultiTaskDataset,
        "leftImg8bit/train/ulm/0_leftImg8bit.png",
        "gtFine/train/ulm/0_gtFine_labelIds.png",
        ("car", "road"),
        [7, 26, 23, 0, 26],
    ),
    cityscapes_npy=(
        CityscapesNpyDataset,
        "train/image/0.npy",
        "train/label_19/0.npy",
        ("car", "road"),
        [0, 13, 10, -1, 13],
    ),
    nyuv2=(NYUv2Dataset, "train/image/0.npy", "train/label/0.npy", ("wall", "bed"), None),
)


def make(root, name, classes=None, **kwargs):
    cls, image, label, names, stored = SETS[name]
    write(root / image, IMAGE)
    full = cls.METAINFO.get("classes") or ()
    if name == "nyuv2":
        full = cls(data_root=str(root), split="train", lazy_init=True).metainfo["classes"]
        stored = [full.index("bed"), full.index("wall"), full.index("sofa"), -1, full.index("wall")]
    if name == "rooms":
        names = (full[1], full[2])
    write(root / label, np.array([stored]))
    if name == "pascal":
        (root / "ImageSets/Context").mkdir(parents=True)
        (root / "ImageSets/Context/train.txt").write_text("0\n")
    tasks = [t for t in ("seg", "semseg", "segment_semantic") if t in cls.ANNOTATIONS]
    args = dict(data_root=str(root), tasks=tasks, pipeline=PIPELINE, **kwargs)
    if name != "taskonomy":
        args["split"] = "train"
    return cls(metainfo=dict(classes=names if classes is None else classes), **args)


@pytest.mark.parametrize("name", SETS)
def test_labels_follow(tmp_path, name):
    data = make(tmp_path, name)
    label = data[0]["data_samples"].gt_sem_seg.data[0, 0].tolist()
    assert label == [1, 0, 255, 255, 0]
    assert len(data.metainfo["classes"]) == len(data.metainfo["palette"]) == 2


@pytest.mark.parametrize("name", SETS)
def test_unknown_class_names_are_refused(tmp_path, name):
    with pytest.raises(
        ValueError, match=r"metainfo\['classes'\] of \w+ names 'unicorn', which the"
    ):
        make(tmp_path, name, classes=("unicorn",))


def test_the_seven_categories_of_cityscapes(tmp_path):
    SETS["seven"] = (*SETS["cityscapes"][:3], ("vehicle", "flat"), SETS["cityscapes"][4])
    try:
        data = make(tmp_path, "seven", num_classes=7)
    finally:
        del SETS["seven"]
    assert data[0]["data_samples"].gt_sem_seg.data[0, 0].tolist() == [1, 0, 255, 255, 0]


def mine(root, wanted, stored=(0, 1, 2, 255), suffix=".png", **annotation):
    write(root / "image/0.png", IMAGE[:, : len(stored)])
    write(root / f"label/0{suffix}", np.array([stored]))
    seg = dict(kind="classes", dir="label", suffix=suffix, **annotation)
    return MultiTaskDataset(
        data_root=str(root),
        metainfo=dict(classes=wanted),
        annotations=dict(seg=seg),
        pipeline=PIPELINE,
    )


def first(data):
    return data[0]["data_samples"].gt_sem_seg.data[0, 0].tolist()


STORED = ("floor", "wall", "chair")


@pytest.mark.parametrize("suffix", [".png", ".npy"])
@pytest.mark.parametrize("wanted", [("chair", "floor"), ["chair", "floor"]])
def test_an_annotation_may_name_the_classes_of_its_files(tmp_path, wanted, suffix):
    data = mine(tmp_path, wanted, suffix=suffix, classes=STORED)
    assert first(data) == [1, 255, 0, 255] and data.metainfo["classes"] == ("chair", "floor")
    assert data.ann_specs["seg"].num_classes == 2


def test_another_order_is_a_relabelling_too(tmp_path):
    assert first(mine(tmp_path, ("chair", "wall", "floor"), classes=STORED)) == [2, 1, 0, 255]
    assert first(mine(tmp_path, STORED, classes=STORED)) == [0, 1, 2, 255]


def test_after_an_id_map(tmp_path):
    data = mine(
        tmp_path, ("wall",), (7, 8, 9, 0), classes=STORED, id_map={7: 0, 8: 1, 9: 2, 0: 255}
    )
    assert first(data) == [255, 0, 255, 255]


def test_after_a_label_map_of_the_annotation(tmp_path):
    """It used to be dropped in silence once the dataset named a subset."""
    swapped = {0: 1, 1: 0, 2: 2, 3: 255}
    data = mine(tmp_path, ("chair", "floor"), (0, 1, 2, 3), classes=STORED, label_map=swapped)
    assert first(data) == [255, 1, 0, 255]
    with pytest.raises(ValueError, match=r"'label_map'\] turns class 2 into 3"):
        mine(tmp_path, ("chair",), classes=STORED, label_map={**swapped, 2: 3})


def test_names_in_a_file(tmp_path):
    (tmp_path / "names.txt").write_bytes("\ufeffchair\r\nfloor\r\n\r\n".encode())
    for name in ("names.txt", str(tmp_path / "names.txt")):
        assert first(mine(tmp_path, name, classes=STORED)) == [1, 255, 0, 255]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (
            "water",
            r"metainfo\['classes'\] of MultiTaskDataset is the string 'water', but there is no",
        ),
        (("floor", "floor"), "names 'floor' twice"),
        (("floor", 3), "3 in it is not a name"),
        ({"floor": 0}, "must be a list of names"),
        (7, "must be a list of names"),
        (("flor",), "did you mean 'floor'"),
    ],
)
def test_subset_that_is_not_a_list_of_names_is_refused(tmp_path, classes, message):
    with pytest.raises(ValueError, match=message):
        mine(tmp_path, classes, classes=STORED)


def test_a_count_that_contradicts_the_names(tmp_path):
    with pytest.raises(ValueError, match=r"'seg'\]\['num_classes'\] is 5, but metainfo.* 3 names"):
        mine(tmp_path, STORED, num_classes=5)


def test_ids_beyond_the_classes(tmp_path):
    for stored in ((0, 3, 1, 0), (0, 300, 1, 0), (0, -5, 1, 0)):
        data = mine(tmp_path, STORED, stored, ".npy")
        with pytest.raises(ValueError, match=rf"label/0\.npy: .*out of range.*got {stored[1]} in"):
            data[0]
    with pytest.raises(ValueError, match="id 1 into class 3"):
        mine(tmp_path, STORED, id_map={0: 0, 1: 3})


def test_none_chooses_no_classes():
    stored = dict(classes=("a", "b"), palette=[[1, 1, 1], [2, 2, 2]])
    for metainfo in (None, {}, dict(classes=None), dict(classes=None, palette=None)):
        assert resolve_classes(metainfo, stored, "", "MultiTaskDataset") == (stored, None)


@pytest.mark.parametrize("key", ["CLASSES", "class_names", "classe", "Palette", "pallete"])
@pytest.mark.parametrize("place", ["metainfo", "METAINFO"])
def test_a_key_that_is_nearly_classes_or_palette(key, place):
    given, stored = ({key: ["a"]}, {}) if place == "metainfo" else (None, {key: ["a"]})
    right = "palette" if "p" in key.lower() else "classes"
    with pytest.raises(ValueError, match=rf"^{place}\['{key}'\] of .* not read: write '{right}'"):
        resolve_classes(given, stored)


def test_other_keys_of_a_metainfo_are_the_users_own():
    own = dict(depth_map_unit="m", part_map_classes=["a"], name="mine", class_weights=[1.0])
    assert resolve_classes(own, {}) == (own, None)
