"""MultiTaskDataset: listing, tasks, parts and early errors."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from shared_fixtures import PIPELINE

from mmlhl.datasets import MultiTaskDataset

ANNOTATIONS = dict(
    seg=dict(dir="label", kind="classes"),
    depth=dict(dir="depth", kind="depth", scale=0.001),
    normal=dict(dir="normal", kind="normal"),
    edge=dict(kind="channels", source=dict(type="SobelEdges")),
)
CLASSES = ("floor", "wall", "chair")


def write_tree(root: Path, ids=("a/0", "a/1", "b/0", "b/1", "c")) -> None:
    for i, name in enumerate(ids):
        for folder in ("image", "label", "depth", "normal"):
            (root / folder / name).parent.mkdir(parents=True, exist_ok=True)
        image = np.zeros((4, 6, 3), np.uint8)
        image[:, 3:] = 40 * i + 10
        label = np.full((4, 6), i % 3, np.uint8)
        label[0, 0] = 255
        depth = np.full((4, 6), 1500, np.uint16)
        depth[0, 1] = 0
        normal = np.zeros((4, 6, 3), np.uint16)
        normal[..., 0], normal[..., 1], normal[..., 2] = 32768, 32768, 0  # about (0, 0, -1) in RGB
        normal[0, 2] = 0
        cv2.imwrite(str(root / "image" / f"{name}.png"), image)
        cv2.imwrite(str(root / "label" / f"{name}.png"), label)
        cv2.imwrite(str(root / "depth" / f"{name}.png"), depth)
        cv2.imwrite(str(root / "normal" / f"{name}.png"), normal[..., ::-1])


@pytest.fixture
def root(tmp_path):
    write_tree(tmp_path)
    return tmp_path


def make(root, **kwargs):
    args = dict(
        data_root=str(root),
        annotations=ANNOTATIONS,
        metainfo=dict(classes=CLASSES),
        pipeline=PIPELINE,
    )
    return MultiTaskDataset(**{**args, **kwargs})


def test_reads_all_kinds(root):
    sample = make(root)[1]
    assert sample["inputs"].shape == (3, 4, 6)
    data = sample["data_samples"]
    assert data.img_id == "a/1" and data.sample_idx == 1
    assert data.img_path == str(root / "image" / "a/1.png")
    assert data.gt_sem_seg.data[0].unique().tolist() == [1, 255]
    assert data.gt_depth_map.data.isnan().sum() == 1
    assert data.gt_depth_map.data[0, 1, 1] == pytest.approx(1.5)
    assert data.gt_normal_map.data[:, 1, 1].tolist() == pytest.approx([0, 0, -1], abs=1e-4)
    assert data.gt_normal_map.data[:, 0, 2].isnan().all()
    # the only edge is the step of 50 grey values between columns 2 and 3: (1 + 2 + 1) * 50
    expected = 2.0 * 200 / (4 * 2**0.5 * 255)
    assert data.gt_edge_map.data[0, 2].tolist() == pytest.approx([0, 0, expected, expected, 0, 0])


def test_missing_and_cut_off_images_are_named(root):
    dataset = make(root)
    path = dataset.get_data_info(0)["img_path"]
    Path(path).write_bytes(Path(path).read_bytes()[:40])
    with pytest.raises(ValueError, match=f"{re.escape(path)}: expected an image"):
        dataset[0]
    Path(path).unlink()
    with pytest.raises(FileNotFoundError, match=f"{re.escape(path)}: no such file, needed as im"):
        dataset[0]


def test_only_files_of_the_chosen_tasks_are_read(root):
    for path in (root / "depth").rglob("*.png"):
        path.write_bytes(b"broken")
    data = make(root, tasks=["normal"])[0]["data_samples"]
    assert set(data.keys()) == {"gt_normal_map"}
    with pytest.raises(ValueError, match="depth.*cannot be decoded"):
        make(root, tasks=["depth"])[0]


def test_parts_are_disjoint_equal_and_repeatable(root):
    def ids(**kwargs):
        dataset = make(root, **kwargs)
        return [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))]

    first, second = ids(part=(0, 2)), ids(part=(1, 2))
    assert len(first) == len(second) == 2 and not set(first) & set(second)
    assert ids(part=(0, 2), tasks=["depth"]) == first
    assert ids() == ["a/0", "a/1", "b/0", "b/1", "c"]
    splits = {tuple(ids(part=(0, 2), part_seed=seed)) for seed in range(10)}
    assert len(splits) > 1
    # indices narrow the list before it is cut
    assert sorted(ids(part=(0, 2), indices=2) + ids(part=(1, 2), indices=2)) == ["a/0", "a/1"]


def test_indices(root):
    def ids(indices):
        dataset = make(root, indices=indices)
        return [dataset.get_data_info(i)["img_id"] for i in range(len(dataset))]

    assert ids(-2) == ["b/1", "c"] and ids(np.int64(1)) == ids(1.0) == ["a/0"]
    assert ids(np.array([4, 0])) == ids((-1, 0.0)) == ["c", "a/0"]
    for twice in ([1, 3, 1], [-1, 4], np.array([0, 0])):
        with pytest.raises(ValueError, match="indices names image . twice.*ConcatDataset"):
            ids(twice)
    with pytest.raises(ValueError, match="indices names image 5, but there are 5"):
        ids([5])


@pytest.mark.parametrize("name", [str, Path])
def test_list_file_split_and_classes(root, tmp_path, name):
    (root / "list.txt").write_text("c\nb/1\n\n")
    dataset = make(
        root, ann_file=name("list.txt"), img=dict(dir=name("image")), serialize_data=False
    )
    assert [dataset.get_data_info(i)["img_id"] for i in range(2)] == ["c", "b/1"]
    (root / "train").symlink_to(root)
    dataset = make(
        root,
        img=dict(dir="{split}/image"),
        annotations=dict(seg=dict(dir="{split}/label", kind="classes")),
        split="train",
    )
    assert dataset.get_data_info(0)["img_path"] == str(root / "train" / "image" / "a/0.png")
    assert dataset.metainfo["classes"] == CLASSES and len(dataset.metainfo["palette"]) == 3
    assert dataset.metainfo["sem_seg_task"] == "seg"


def test_reduce_zero_label(root):
    data = make(root, tasks=["seg"], reduce_zero_label=True)[1]["data_samples"]
    assert data.gt_sem_seg.data[0].unique().tolist() == [0, 255]
    # all zero: nothing remains
    with pytest.raises(ValueError, match=r"label/a/0\.png: every pixel .*'seg' is void"):
        make(root, tasks=["seg"], reduce_zero_label=True)[0]


def test_subset_of_the_datasets_classes(root):
    class Named(MultiTaskDataset):
        METAINFO = dict(classes=CLASSES, palette=[[0, 0, 0], [1, 1, 1], [2, 2, 2]])

    dataset = Named(
        data_root=str(root),
        annotations=ANNOTATIONS,
        tasks=["seg"],
        pipeline=PIPELINE,
        metainfo=dict(classes=("chair", "floor")),
    )
    assert dataset[2]["data_samples"].gt_sem_seg.data[0, 1, 1] == 0  # chair, id 2 on disk
    assert dataset[1]["data_samples"].gt_sem_seg.data[0, 1, 1] == 255  # wall is not in the subset
    assert dataset.metainfo["palette"] == [[2, 2, 2], [0, 0, 0]]


def test_npy_layout_with_the_stock_image_loader(tmp_path):
    for folder in ("image", "label", "depth", "normal"):
        (tmp_path / folder).mkdir()
    image = np.zeros((2, 3, 3))
    image[..., 0] = 1.0  # red
    np.save(tmp_path / "image" / "7.npy", image)
    np.save(tmp_path / "label" / "7.npy", np.array([[-1.0, 0, 1], [2, 2, 2]]))
    np.save(tmp_path / "depth" / "7.npy", np.array([[0.0, 1, 2], [3, 4, 5]])[..., None])
    np.save(tmp_path / "normal" / "7.npy", np.zeros((2, 3, 3)) + [0, 0, -2.0])
    specs = {k: {**v, "suffix": ".npy"} for k, v in ANNOTATIONS.items() if k != "edge"}
    sample = make(tmp_path, img=dict(suffix=".npy"), annotations=specs)[0]
    assert sample["inputs"][:, 0, 0].tolist() == [0, 0, 255]  # BGR
    data = sample["data_samples"]
    assert data.gt_sem_seg.data[0].tolist() == [[255, 0, 1], [2, 2, 2]]
    assert data.gt_depth_map.data.shape == (1, 2, 3) and data.gt_depth_map.data.isnan().sum() == 1
    assert data.gt_normal_map.data[:, 1, 1].tolist() == [0, 0, -1]


@pytest.mark.parametrize("wrapper", ["Compose", "RandomApply", "RandomChoice"])
def test_the_loader_of_images_is_found_inside_other_transforms(root, wrapper):
    loader = dict(type="LoadImageFromFile", color_type="grayscale")
    steps = [[loader]] if wrapper == "RandomChoice" else [loader]
    dataset = make(root, pipeline=[dict(type=wrapper, transforms=steps), *PIPELINE[1:]])
    assert dataset.img_loader.color_type == "grayscale"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(tasks=["seg", "pose"]), ValueError, "tasks names 'pose'.*'seg', 'depth'"),
        (dict(img=dict(dir="images")), FileNotFoundError, r"img\['dir'\] is 'images'"),
        (dict(img=dict(suffix=".jpg")), ValueError, r"no samples.*\*\.jpg"),
        (dict(img=dict(folder="image")), ValueError, "unknown key 'folder'"),
        (
            dict(annotations=dict(seg=dict(dir="labels", kind="classes"))),
            FileNotFoundError,
            r"annotations\['seg'\]\['dir'\] is 'labels'",
        ),
        (
            dict(annotations=dict(seg=dict(dir="label", kind="classes", suffix=".tif"))),
            FileNotFoundError,
            r"a/0\.tif.*first sample",
        ),
        (
            dict(annotations=dict(seg=dict(dir="label", kind="classes", unit=1))),
            ValueError,
            "unknown key 'unit'",
        ),
        (dict(part=(0, 9)), ValueError, "5 images cannot be cut into 9"),
        (dict(ann_file="none.txt"), FileNotFoundError, "ann_file.*none.txt"),
    ],
)
def test_mistakes_are_reported_at_construction(root, change, error, message):
    with pytest.raises(error, match=message):
        make(root, **change)


def test_test_mode_needs_no_classes(root):
    dataset = make(root, metainfo=None, tasks=["depth"], test_mode=True)
    assert dataset.test_mode and "gt_depth_map" in dataset[0]["data_samples"]
