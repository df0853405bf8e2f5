"""Labels that are read after a random move: refused before training, and the move is known."""

import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmseg.registry import DATASETS, TRANSFORMS
from shared_fixtures import PIPELINE, write_maps

from mmlhl.datasets.reading_order import random_movers
from mmlhl.datasets.transforms.trace import was_moved

LOAD, LABELS, PACK = PIPELINE


@TRANSFORMS.register_module()
class SeldomTurned(BaseTransform):
    """Turns image and labels upside down in a tenth of the samples."""

    def transform(self, results):
        if np.random.rand() < 0.1:
            for key in ["img", *results.get("seg_fields", [])]:
                results[key] = results[key][::-1].copy()
        return results


@TRANSFORMS.register_module()
class SeldomQuarter(BaseTransform):
    """Turns image and labels by 90 degrees in a tenth of the samples."""

    def transform(self, results):
        if np.random.rand() < 0.1:
            for key in ["img", *results.get("seg_fields", [])]:
                results[key] = np.rot90(results[key]).copy()
        return results


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("ordered")
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (40, 56, 3), np.uint8)
    write_maps(root, "0.png", image=image, seg=rng.integers(0, 3, (40, 56), np.uint8))
    return root


def dataset(root, *pipeline):
    annotations = dict(seg=dict(kind="classes", dir="seg", num_classes=3))
    cfg = dict(type="MultiTaskDataset", data_root=str(root), annotations=annotations)
    return DATASETS.build(dict(cfg, pipeline=pipeline))


def step(kind, **options):
    return dict(type=kind, **options)


FLIP = step("RandomFlip", prob=0.5)
ROTFLIP = step("RandomRotFlip", rotate_prob=0.5, flip_prob=0.5)
RANDOM = {
    "RandomFlip": FLIP,
    "MultiTaskRandomFlip": step("MultiTaskRandomFlip", prob=0.5),
    "RandomCrop": step("RandomCrop", crop_size=(50, 50)),
    "RandomRotate": step("RandomRotate", prob=0.1, degree=20),
    "RandomRotFlip": ROTFLIP,
    "RandomResize": step("RandomResize", scale=(56, 40), ratio_range=(0.5, 2.0)),
    "RandomChoiceResize": step("RandomChoiceResize", scales=[(56, 40), (30, 30)]),
    "MultiTaskRandomScaleCrop": step("MultiTaskRandomScaleCrop", scales=(1.0, 1.5)),
    "SeldomTurned": step("SeldomTurned"),
}
WRAPPERS = dict(
    alone=lambda each: each,
    compose=lambda each: step("Compose", transforms=[each]),
    apply=lambda each: step("RandomApply", transforms=[each], prob=0.5),
    choice=lambda each: step("RandomChoice", transforms=[[each], [step("PhotoMetricDistortion")]]),
)


@pytest.mark.parametrize("name", RANDOM)
def test_random_moves_before_the_labels_are_named(root, name):
    (found,) = random_movers(dataset(root, LOAD, RANDOM[name], LABELS, PACK))
    assert found.removeprefix("MultiTask") == name.removeprefix("MultiTask")
    assert random_movers(dataset(root, LOAD, LABELS, RANDOM[name], PACK)) == []


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_they_are_found_in_wrappers(root, wrapper):
    steps = [WRAPPERS[wrapper](FLIP), WRAPPERS[wrapper](ROTFLIP)]
    built = dataset(root, LOAD, *steps, WRAPPERS["compose"](LABELS), PACK)
    assert random_movers(built) == ["MultiTaskRandomFlip", "RandomRotFlip"]


@pytest.mark.parametrize(
    "early",
    [
        step("RandomFlip", prob=0.0),
        step("Resize", scale=(56, 40)),
        step("Pad", size=(64, 64)),
        step("PhotoMetricDistortion"),
        step("RandomCutOut", prob=1.0, n_holes=1, cutout_shape=(4, 4)),
    ],
    ids=lambda each: each["type"],
)
def test_other_transforms_may_come_first(root, early):
    assert random_movers(dataset(root, LOAD, early, LABELS, PACK)) == []


def test_only_what_cannot_be_undone_is_named_in_a_test(root):
    early = [RANDOM["RandomFlip"], RANDOM["RandomRotate"], RANDOM["RandomResize"], ROTFLIP]
    own = [RANDOM["SeldomTurned"], step("SeldomQuarter")]
    built = dataset(root, LOAD, *early, *own, LABELS, PACK)
    assert random_movers(built, test=True) == ["RandomRotate", "RandomRotFlip", "SeldomQuarter"]


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "image alone"])
def test_turns_are_known_before_the_labels_are_read(root, labels):
    built = dataset(root, LOAD, step("RandomRotFlip", rotate_prob=0.0, flip_prob=1.0))
    for _ in range(4):
        info = built.get_data_info(0) if labels else dict(img_path=str(root / "image/0.png"))
        assert was_moved(built.pipeline(info))
