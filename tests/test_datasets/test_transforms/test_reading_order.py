"""Images read again after a move are refused, labels that are read after it are at rest."""

import random

import cv2
import mmcv
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmseg.registry import DATASETS, TRANSFORMS
from shared_fixtures import PIPELINE, write_maps

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.reading_order import random_movers, refuse_late_loaders

LOAD, LABELS, PACK = PIPELINE
FLIP = dict(type="RandomFlip", prob=0.5)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("reread")
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (40, 56, 3), np.uint8)
    write_maps(root, "0.png", image=image, seg=rng.integers(0, 3, (40, 56), np.uint8))
    np.save(root / "seg" / "0.npy", rng.uniform(1, 5, (40, 56)).astype(np.float32))
    return root


def dataset(root, *pipeline, **options):
    annotations = dict(seg=dict(kind="classes", dir="seg", num_classes=3))
    cfg = dict(type="MultiTaskDataset", data_root=str(root), annotations=annotations)
    return DATASETS.build(dict(cfg, pipeline=pipeline, **options))


class Again(LoadImageFromFile):
    """A user's subclass."""


def by_mmcv(results):
    results["img"] = mmcv.imread(results["img_path"])
    return results


def by_opencv(results):
    image = cv2.imread(results["img_path"]).astype(np.float32)
    return {**results, "img": image, "img_shape": image.shape[:2]}


def by_its_dataset(results):
    """Needs a sample of the dataset, which the trial of a transform does not have."""
    assert results["ann_specs"]
    return by_mmcv(results)


READERS = {
    "Again": Again(),
    "LoadImage": LOAD,
    "InferencerLoader": dict(type="InferencerLoader"),
    "LoadImageFromNDArray": dict(type="LoadImageFromNDArray"),
    "by_mmcv": by_mmcv,
    "by_opencv": by_opencv,
}
if "LoadImageFromNpyFile" in TRANSFORMS:  # not in mmseg 1.2.2
    READERS["LoadImageFromNpyFile"] = dict(type="LoadImageFromNpyFile")
MOVERS = {
    "RandomFlip": FLIP,
    "Resize": dict(type="Resize", scale=(30, 30)),
    "Pad": dict(type="Pad", size=(64, 64)),
    "RandomCrop": dict(type="RandomCrop", crop_size=(20, 20)),
    "RandomRotFlip": dict(type="RandomRotFlip"),
    "MultiTaskRandomScaleCrop": dict(type="MultiTaskRandomScaleCrop"),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("labels_first", [True, False])
def test_an_image_that_is_read_again(root, name, labels_first):
    first = [LOAD, LABELS] if labels_first else [LOAD]
    late = [FLIP, READERS[name], *([] if labels_first else [LABELS])]
    with pytest.raises(ValueError, match=f"{name} reads the image again behind .*RandomFlip"):
        dataset(root, *first, *late, PACK, lazy_init=True)
    twice = [READERS[name], *first] if name.startswith("by_") else [*first, READERS[name]]
    if name not in ("InferencerLoader", "by_mmcv", "by_opencv"):
        assert dataset(root, *twice, FLIP, PACK)[0]["inputs"].shape == (3, 40, 56)


@pytest.mark.parametrize("name", MOVERS)
def test_behind_any_move(root, name):
    with pytest.raises(ValueError, match=f"Again reads the image again behind .*{name}"):
        dataset(root, LOAD, LABELS, MOVERS[name], Again(), PACK, lazy_init=True)


def test_behind_a_users_move_and_in_wrappers(root):
    def turned(results):
        for key in ["img", *results["seg_fields"]]:
            results[key] = results[key][::-1].copy()
        return results

    seldom = dict(type="RandomApply", transforms=[turned], prob=0.01)
    choice = dict(type="RandomChoice", transforms=[[Again()], [FLIP]])
    with pytest.raises(ValueError, match="Again reads the image again behind turned"):
        dataset(root, LOAD, LABELS, seldom, choice, PACK, lazy_init=True)
    dataset(root, LOAD, LABELS, choice, PACK, lazy_init=True)  # either of them, not both
    with pytest.raises(ValueError, match="LoadImage reads the image again behind .*RandomFlip"):
        dataset(root, LOAD, LABELS, choice, LOAD, PACK, lazy_init=True)


def test_one_that_shows_on_real_samples_only(root):
    always = dict(type="RandomFlip", prob=1.0)
    with pytest.raises(ValueError, match="by_its_dataset reads the image again, after"):
        dataset(root, LOAD, LABELS, always, by_its_dataset, PACK)[0]
    built = dataset(root, LOAD, LABELS, dict(type="RandomFlip", prob=1e-6), by_its_dataset, PACK)
    built[0]  # is not flipped, but shows that the image was read
    with pytest.raises(ValueError, match="by_its_dataset reads the image again behind"):
        refuse_late_loaders(built.pipeline)


def depth(results):
    """A user's reading of a label."""
    path = results["img_path"].replace("image", "seg").replace("png", "npy")
    results["gt_depth_map"] = np.load(path)
    results.setdefault("dense_fields", {})["gt_depth_map"] = "depth"
    return results


def test_a_users_label_that_is_read_late_is_at_rest(root):
    built = dataset(root, LOAD, LABELS, dict(type="RandomFlip", prob=1.0), depth, PACK)
    sample = built[0]["data_samples"]
    assert sample.resting_labels == ("gt_depth_map",) and "gt_sem_seg" in sample.moved_labels
    resized = dataset(root, LOAD, dict(type="Resize", scale=(30, 30)), depth, PACK)
    assert resized[0]["data_samples"].gt_depth_map.data.shape == (1, 40, 56)
    seldom = dataset(root, LOAD, dict(type="RandomFlip", prob=1e-6), depth, PACK)
    assert seldom[0]["data_samples"].get("resting_labels") is None
    assert random_movers(seldom) == ["MultiTaskRandomFlip"]


@pytest.mark.parametrize(
    "turn, final",
    [
        (dict(type="RandomRotate", prob=0.5, degree=(180.0, 180.0)), False),
        (dict(type="RandomRotate", prob=0.5, degree=180.0), True),
        (dict(type="RandomRotate", prob=0.5, degree=(180.0, 180.0), center=(3.0, 3.0)), True),
        (dict(type="RandomRotFlip", degree=(0.0, 0.0)), True),
    ],
)
def test_half_turns_before_labels_are_undone_in_tests(root, turn, final):
    built = dataset(root, LOAD, turn, LABELS, PACK, lazy_init=True)
    assert bool(random_movers(built, test=True)) == final


def edges(results):
    results["gt_edge_map"] = (cv2.Canny(results["img"], 20, 60) > 0).astype(np.uint8)
    results["dense_fields"]["gt_edge_map"] = "binary"
    return results


def noise(results):
    results["gt_edge_map"] = np.random.rand(*results["img"].shape[:2])
    results["dense_fields"]["gt_edge_map"] = "channels"
    return results


def dark(results):
    results["img"] = results["img"] // (1 + (random.random() < 2))
    return results


@pytest.mark.parametrize("derive", [edges, noise, dark])
def test_what_is_made_of_the_sample_may_follow_a_move(root, derive):
    built = dataset(root, LOAD, LABELS, dict(type="RandomFlip", prob=1.0), derive, PACK)
    assert "resting_labels" not in built[0]["data_samples"].metainfo
    assert build_step(derive).reads == ()


@pytest.mark.parametrize("fill", [2, 255])
def test_holes_are_filled_in_labels_that_are_read_later(root, fill):
    holes = dict(type="RandomCutOut", prob=1.0, n_holes=2, cutout_shape=(9, 9), seg_fill_in=fill)
    samples = []
    for order in ([LOAD, holes, LABELS, PACK], [LOAD, LABELS, holes, PACK]):
        np.random.seed(3)
        samples.append(dataset(root, *order)[0])
    late, early = samples
    assert bool((late["inputs"] == early["inputs"]).all())
    for field in ("gt_sem_seg", "valid_map"):
        one, other = (each["data_samples"].get(field).data for each in samples)
        assert bool((one == other).all()), field
    hole = (late["inputs"] == 0).all(0)
    assert set(late["data_samples"].gt_sem_seg.data[0][hole].tolist()) == {fill}
    # a crop in between leaves the labels at rest, which training refuses
    crop = dict(type="RandomCrop", crop_size=(30, 30))
    moved = dataset(root, LOAD, holes, crop, LABELS, PACK)[0]["data_samples"]
    assert moved.resting_labels == ("gt_sem_seg",)
