"""Labels of some images, or of all, are read before training."""

import cv2
import numpy as np
import pytest
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS, TRANSFORMS

from mmlhl.datasets import MultiTaskDataset, label_reading
from mmlhl.datasets.transforms import LoadMultiTaskAnnotations
from mmlhl.engine.phases.supply import Supplies

IMAGES, SPREAD = 70, 32
LOAD = [dict(type="LoadImageFromFile"), dict(type="LoadAnnotations")]
PACK = dict(type="PackSegInputs")


@DATASETS.register_module()
class Forgiving(MultiTaskDataset):
    """Takes another image in place of one that cannot be read."""

    def prepare_data(self, idx):
        try:
            return super().prepare_data(idx)
        except ValueError:
            return None


@TRANSFORMS.register_module()
class OwnLabels(LoadMultiTaskAnnotations):
    """Reads labels in its own way."""

    def transform(self, results):
        results["gt_seg_map"] = np.zeros((8, 10), np.uint8)
        results["seg_fields"] = ["gt_seg_map"]
        return results


@pytest.fixture
def root(tmp_path):
    for folder in ("image", "label", "mask", "depth"):
        (tmp_path / folder).mkdir()
    for i in range(IMAGES):
        spoil(tmp_path, "image", i, np.full((8, 10, 3), i, np.uint8))
        spoil(tmp_path, "label", i, np.full((8, 10), i % 3, np.uint8))
        spoil(tmp_path, "mask", i, np.eye(8, 10, dtype=np.uint8))
        np.save(tmp_path / "depth" / f"{i:02}.npy", np.ones((8, 10), np.float32))
    return tmp_path


def spoil(root, folder, number, array):
    cv2.imwrite(str(root / folder / f"{number:02}.png"), array)


def read(root, labels=None, wrap=None, kind="MultiTaskDataset", steps=(*LOAD, PACK), ignored=()):
    """Build a dataset as before phase one, in which its labels are read."""
    dataset = dict(
        type=kind,
        data_root=str(root),
        annotations=dict(
            seg=dict(kind="classes", dir="label", num_classes=3),
            mask=dict(kind="binary", dir="mask"),
            depth=dict(kind="depth", dir="depth", suffix=".npy", scale=1),
        ),
        pipeline=list(steps),
    )
    loader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type="DefaultSampler", shuffle=False),
        dataset=dataset if wrap is None else wrap(dataset),
    )
    supplies = Supplies([loader], labels, ignored)
    supply = supplies.of(loader, "train_dataloader")
    supplies.read_labels()
    return supply


def repeated(dataset):
    return dict(type="RepeatDataset", times=2, dataset=dataset)


def joined(dataset):
    return dict(type="ConcatDataset", datasets=[dict(dataset, indices=1), dataset])


@pytest.mark.parametrize("wrap", [None, repeated, joined])
@pytest.mark.parametrize(
    ("folder", "value", "message"),
    [
        ("label", 7, r"69\.png: class id out of range in annotation 'seg': got 7 in 80 pixels"),
        ("mask", 2, r"69\.png: expected 0, 1 or ignored .* 'mask', got 2"),
    ],
)
def test_an_id_in_the_last_file_is_found(root, folder, value, message, wrap):
    spoil(root, folder, IMAGES - 1, np.full((8, 10), value, np.uint8))
    with pytest.raises(
        ValueError, match="^train_dataloader: .*" + message + ".* of 32 images; mmlhl check-dataset"
    ):
        read(root, wrap=wrap)


def test_a_rare_fault_is_found_if_all_labels_are_read(root):
    assert 1 not in np.linspace(0, IMAGES - 1, SPREAD).round()
    spoil(root, "label", 1, np.full((8, 10), 9, np.uint8))
    assert read(root).images == read(root, 5).images == IMAGES
    with pytest.raises(ValueError, match=r"01\.png: .* got 9 .* of 70 images"):
        read(root, "all")
    with pytest.raises(ValueError, match="got 9"):
        read(root, IMAGES)


def test_a_later_label_of_another_size_and_a_broken_image_are_found(root):
    spoil(root, "label", 69, np.zeros((4, 5), np.uint8))
    assert read(root).images == IMAGES
    with pytest.raises(ValueError, match=r"label.69\.png: .* is 4x5 .* expected 8x10"):
        read(root, "all")
    (root / "image" / "69.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"image.69\.png: expected an image"):
        read(root, "all")


def test_of_all_images_every_annotation_is_read(root):
    np.save(root / "depth" / "69.npy", np.full((8, 10), -1, np.float32))
    assert read(root).images == IMAGES  # ids and masks of some
    with pytest.raises(ValueError, match=r"69\.npy: negative depth -1"):
        read(root, "all")


@pytest.mark.parametrize("folder", ["night", "image"])
def test_images_of_two_sets_that_share_their_labels_are_all_read(root, folder):
    (root / "night").mkdir()
    for i in range(IMAGES):
        spoil(root, "night", i, np.ones((8, 10, 3), np.uint8))
    (root / folder / "69.png").write_bytes(b"no image")

    def both(dataset):
        sets = [dict(dataset, img=dict(dir=each)) for each in ("image", "night")]
        return dict(type="ConcatDataset", datasets=sets)

    assert read(root, None, both).images == 2 * IMAGES
    with pytest.raises(ValueError, match=rf"{folder}.69\.png: expected an image"):
        read(root, "all", both)


@DATASETS.register_module()
class OfMmseg(BaseSegDataset):
    METAINFO = dict(classes=("a", "b", "c"), palette=[[0] * 3, [1] * 3, [2] * 3])


@DATASETS.register_module()
class ForgivingOfMmseg(OfMmseg):
    def prepare_data(self, idx):
        try:
            return super().prepare_data(idx)
        except FileNotFoundError:
            return None


@TRANSFORMS.register_module()
class Relabel:
    moves_pixels = False

    def __call__(self, results):
        results["gt_seg_map"] = np.minimum(results["gt_seg_map"], 2)
        return results


def stock(dataset, **changes):
    own = dict(img_suffix=".png", data_prefix=dict(img_path="image", seg_map_path="label"))
    return {**dataset, "type": "OfMmseg", **own, **changes}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (dict(), "got 3 in 80 pixels; OfMmseg has 3 classes.*leaves out 255; .* ignore_index"),
        (dict(reduce_zero_label=True), ""),
        (dict(ignore_index=3), ""),
        (dict(metainfo=dict(classes=("b", "c"))), "got 3 in 80 pixels; OfMmseg has 2 classes"),
        (dict(pipeline=[*LOAD, dict(type="Relabel"), PACK]), ""),
        (dict(pipeline=[LOAD[0], dict(type="Resize", scale=(9, 9)), LOAD[1], PACK]), "got 3"),
    ],
)
@pytest.mark.parametrize("labels", [None, "all"])
def test_labels_of_mmsegs_own_datasets(root, changes, found, labels):
    spoil(root, "label", IMAGES - 1, np.full((8, 10), 3, np.uint8))

    def make(dataset):
        del dataset["annotations"]
        return stock(dataset, **changes)

    if found:
        with pytest.raises(ValueError, match=r"label.69\.png: class id out of range: " + found):
            read(root, labels, make)
    else:
        assert read(root, labels, make).images == IMAGES
    assert read(root, labels, make, ignored=[3]).images == IMAGES


@pytest.mark.parametrize("decoder", ["pillow", "cv2"])
@pytest.mark.parametrize("content", [b"no image", None])
def test_a_label_of_mmsegs_that_cannot_be_read_is_named(root, decoder, content):
    file = root / "label" / "69.png"
    file.write_bytes(content or file.read_bytes()[:50])

    def make(dataset):
        del dataset["annotations"]
        loader = dict(type="LoadAnnotations", imdecode_backend=decoder)
        return stock(dataset, pipeline=[LOAD[0], loader, PACK])

    with pytest.raises(ValueError, match=r"label.69\.png: cannot be read: .* before training"):
        read(root, None, make)


def test_nothing_is_read_of_no_images(root):
    spoil(root, "label", IMAGES - 1, np.full((8, 10), 9, np.uint8))
    assert read(root, 0).images == IMAGES


@pytest.mark.parametrize(
    "own", [dict(kind="Forgiving"), dict(steps=[LOAD[0], dict(type="OwnLabels"), PACK])]
)
def test_a_dataset_that_reads_in_its_own_way_is_left_alone(root, own):
    spoil(root, "label", IMAGES - 1, np.full((8, 10), 9, np.uint8))
    assert read(root, "all", **own).images == IMAGES


def test_processes_share_the_files(root, monkeypatch):
    spoil(root, "label", IMAGES - 1, np.full((8, 10), 9, np.uint8))
    monkeypatch.setattr(label_reading, "get_world_size", lambda: 2)
    assert read(root).images == IMAGES  # the last of 32 is the other's
    monkeypatch.setattr(label_reading, "get_rank", lambda: 1)
    with pytest.raises(ValueError, match="got 9"):
        read(root)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (dict(), True),
        (dict(pipeline=[LOAD[0], PACK]), False),  # a test that measures nothing
        (dict(pipeline=[*LOAD, dict(type="Relabel"), PACK]), False),
        (dict(type="ForgivingOfMmseg"), False),
    ],
)
def test_a_label_that_a_dataset_of_mmsegs_lacks(root, changes, found):
    (root / "label" / "69.png").unlink()

    def make(dataset):
        del dataset["annotations"]
        return stock(dataset, **changes)

    if found:
        with pytest.raises(FileNotFoundError, match=r"OfMmseg: data_prefix.* lacks '.*69\.png'"):
            read(root, 0, make)
    else:
        assert read(root, 0, make).images == IMAGES


def test_a_forgiving_dataset_may_lack_labels(root):
    (root / "label" / "69.png").unlink()
    assert read(root, kind="Forgiving").images == IMAGES


@pytest.mark.parametrize("wrap", [repeated, joined])
def test_a_label_that_is_missing_inside_a_wrapper(root, wrap):
    (root / "mask" / "69.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"annotations\['mask'\] lacks '.*69\.png', of"):
        read(root, 0, wrap)


def test_a_label_that_is_a_link_to_nothing(root):
    label = root / "label" / "68.png"
    label.unlink()
    label.symlink_to(root / "label" / "67.png")
    assert read(root, 0).images == IMAGES
    label.unlink()
    label.symlink_to("gone.png")
    with pytest.raises(FileNotFoundError, match=r"lacks '.*68\.png', a link to nothing, of 70"):
        read(root, 0)
