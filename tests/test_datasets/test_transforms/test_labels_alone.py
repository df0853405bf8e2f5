"""Users' transforms that move one label without the image are refused; new values are not moves."""

import random

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmseg.registry import DATASETS

from mmlhl.datasets.pipelines import build_steps, try_labels

from .test_seldom_watched import Without
from .test_stock_transforms import results
from .test_watched import Everything, Labels, mirror, roll, upend

KINDS = dict(
    gt_seg_map="classes",
    gt_saliency_map="binary",
    gt_depth_map="depth",
    gt_normal_map="normal",
    gt_edge_map="channels",
)


class One(BaseTransform):
    """Changes one label."""

    def __init__(self, key, change, prob=1.0):
        self.key, self.change, self.prob = key, change, prob

    def transform(self, results):
        if self.prob == 1 or random.random() < self.prob:
            results[self.key] = self.change(results[self.key])
        return results


def tried(step, kinds=KINDS):
    steps = build_steps([step])
    try_labels(steps, kinds)
    return steps[0]


def zoomed(label):
    return cv2.resize(label[6:-6, 8:-8], label.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def turned(label):
    matrix = cv2.getRotationMatrix2D((32, 24), 20, 1)
    return cv2.warpAffine(label, matrix, label.shape[1::-1], flags=cv2.INTER_NEAREST)


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize(
    "move", [mirror, upend, roll, zoomed, turned, lambda a: np.roll(a, 1, 0), lambda a: a[::-1] * 2]
)
def test_one_label_that_moves_alone_is_refused(key, move):
    with pytest.raises(ValueError, match=f"One moves pixels of {key}.*moves_pixels = False"):
        tried(One(key, move))


@pytest.mark.parametrize("prob", [0.5, 0.02])
@pytest.mark.parametrize("wrapper", ["RandomApply", "RandomChoice"])
def test_in_wrappers_and_seldom(prob, wrapper):
    inner = One("gt_depth_map", mirror, prob)
    nested = [[inner]] if wrapper == "RandomChoice" else [inner]
    with pytest.raises(ValueError, match="One moves pixels of gt_depth_map"):
        tried(dict(type=wrapper, transforms=nested))


def test_several_labels_that_move_together_but_not_the_image():
    def both(results):
        for key in ("gt_depth_map", "gt_normal_map"):
            results[key] = mirror(results[key])
        return results

    with pytest.raises(ValueError, match="both moves pixels of gt_"):
        tried(both)


def test_a_label_that_moves_in_another_way_than_the_image():
    class Mixed(Labels):
        def transform(self, results):
            results["gt_depth_map"] = upend(results["gt_depth_map"])
            return super().transform(results)

    with pytest.raises(ValueError, match="Mixed moves pixels of gt_depth_map in another way"):
        tried(Mixed(mirror))


def test_new_values_without_the_move_of_the_image():
    class Zoom(Labels):
        """Would leave depth behind, as a map that it touches is taken for moved."""

        def transform(self, results):
            results["gt_depth_map"] = results["gt_depth_map"] / 2
            return super().transform(results)

    with pytest.raises(ValueError, match="Zoom moves pixels of gt_depth_map in another way"):
        tried(Zoom(mirror))


def test_normals_that_move_with_the_image_have_to_turn():
    with pytest.raises(ValueError, match="Everything moves gt_normal_map.*other normals"):
        tried(Everything(mirror))

    class Turned(Everything):
        def transform(self, results):
            made = super().transform(results)
            made["gt_normal_map"] = made["gt_normal_map"] * np.float32([-1, 1, 1])
            return made

    moved = tried(Turned(mirror))(results())
    np.testing.assert_array_equal(moved["gt_edge_map"], moved["img"][..., 0])


def new(key, change):
    return lambda results: {**results, key: change(results)}


@pytest.mark.parametrize(
    "step",
    [
        One("gt_seg_map", lambda ids: np.uint8([0, 0, 1, 1])[ids]),
        One("gt_seg_map", lambda ids: np.where(ids > 2, 255, ids).astype(np.uint8)),
        One("gt_seg_map", np.zeros_like),
        One("gt_seg_map", lambda ids: cv2.medianBlur(ids, 3)),
        One("gt_saliency_map", lambda mask: cv2.erode(mask, np.ones((3, 3)))),
        One("gt_saliency_map", lambda mask: 1 - mask),
        One("gt_depth_map", lambda depth: np.where(depth > 4, np.nan, depth).astype(np.float32)),
        One("gt_depth_map", lambda depth: 1 / depth),
        One("gt_depth_map", lambda depth: cv2.GaussianBlur(depth, (5, 5), 2)),
        One("gt_depth_map", lambda depth: (depth - depth.mean()) / depth.std()),
        One("gt_depth_map", lambda depth: depth + np.random.rand(*depth.shape)),
        One("gt_depth_map", lambda depth: depth.astype(np.float16)),
        One("gt_normal_map", lambda normals: normals * np.float32([1, -1, -1])),
        One("gt_normal_map", lambda normals: normals[..., [1, 0, 2]]),
        new("gt_depth_map", lambda r: np.where(r["gt_seg_map"] == 1, np.nan, r["gt_depth_map"])),
        new("gt_edge_map", lambda r: np.abs(cv2.Laplacian(r["gt_seg_map"], cv2.CV_32F))),
        new("gt_edge_map", lambda r: np.diff(r["gt_depth_map"], axis=1, append=0)),
        new("gt_edge_map", lambda r: cv2.distanceTransform(r["gt_saliency_map"], cv2.DIST_L2, 3)),
        new("gt_other_map", lambda r: mirror(r["gt_depth_map"])),
        lambda r: {**r, "gt_depth_map": r["gt_edge_map"], "gt_edge_map": r["gt_depth_map"]},
        lambda r: {key: value for key, value in r.items() if key != "gt_depth_map"},
    ],
)
def test_new_values_are_not_moves(step):
    tried(step)


def test_a_class_that_says_so_may_put_a_label_right():
    class Upright(One):
        moves_pixels = False

    assert tried(Upright("gt_depth_map", upend)).key == "gt_depth_map"


def test_a_transform_that_needs_a_real_sample_is_tried_on_it():
    class Picky(One):
        def transform(self, results):
            results["ann_specs"]  # missing in the small samples of a trial
            return super().transform(results)

    step, sample = tried(Picky("gt_edge_map", mirror)), results()
    sample["ann_specs"] = {}
    sample["gt_edge_map"] = np.random.RandomState(0).rand(*sample["img"].shape[:2])
    sample = {
        key: value.repeat(3, 0).repeat(3, 1) if isinstance(value, np.ndarray) else value
        for key, value in sample.items()
    }
    with pytest.raises(ValueError, match="Picky moves pixels of gt_edge_map"):
        step(sample)
    relabelled = tried(Picky("gt_edge_map", lambda edge: 1 - edge))
    assert "geometry" not in relabelled({**sample})


@pytest.mark.parametrize("where", ["pipeline", "MultiImageMixDataset"])
def test_a_dataset_tries_its_own_labels(where):
    seg = dict(kind="classes", dir="x", field="parts_map", num_classes=3)
    inner = dict(type=Without, annotations=dict(parts=seg), lazy_init=True)
    step = dict(type=One, key="gt_parts_map", change=mirror)
    config = {**inner, "pipeline": [step]}
    if where != "pipeline":
        config = dict(type=where, dataset=inner, pipeline=[step], lazy_init=True)
    with pytest.raises(ValueError, match="One moves pixels of gt_parts_map"):
        DATASETS.build(config)


def pasted(results):
    """Copies a class to another place, as copy-paste within an image."""
    place = np.roll(results["gt_seg_map"] == 1, 20, 1)
    for key in ["img", *results["seg_fields"]]:
        mask = place if results[key].ndim == 2 else place[..., None]
        results[key] = np.where(mask, np.roll(results[key], 20, 1), results[key])
    return results


def test_a_label_may_decide_what_moves():
    kinds = {key: kind for key, kind in KINDS.items() if kind != "normal"}
    step = tried(pasted, kinds)
    made = results()
    del made["gt_normal_map"]
    made["gt_seg_map"] = made["gt_seg_map"] % 3
    before = {key: made[key].copy() for key in ("gt_seg_map", "gt_edge_map")}
    place = np.roll(before["gt_seg_map"] == 1, 20, 1)
    made = step(made)
    for key, map_ in before.items():
        np.testing.assert_array_equal(made[key], np.where(place, np.roll(map_, 20, 1), map_))
