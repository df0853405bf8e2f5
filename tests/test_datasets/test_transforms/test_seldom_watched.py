"""Users' transforms that move the image seldom, slightly, or on real data only."""

import copy
import random

import numpy as np
import pytest
import torch
from mmseg.datasets import MultiImageMixDataset
from mmseg.registry import DATASETS

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.pipelines import build_step

from .test_stock_transforms import NORMAL, results
from .test_watched import ImageOnly, Labels, mirror


class Draws(ImageOnly):
    """Moves the image alone, and seldom."""

    def __init__(self, draw, prob=1.0):
        super().__init__(mirror)
        self.draw, self.prob = draw, prob

    def transform(self, results):
        return super().transform(results) if self.draw() < self.prob else results


@pytest.mark.parametrize(
    ("draw", "prob"),
    [(random.random, 0.02), (np.random.rand, 0.02), (lambda: random.random() * 8, 1.0)],
)
def test_rare_moves_are_detected(draw, prob):
    with pytest.raises(ValueError, match="Draws moves pixels"):
        build_step(Draws(draw, prob))


def third(draw):
    return [draw() for _ in range(3)][2]


@pytest.mark.parametrize("draw", [random.random, np.random.rand, lambda: float(torch.rand(1))])
@pytest.mark.parametrize("of", [lambda draw: draw(), lambda draw: 1 - draw(), third])
def test_moves_of_one_image_in_five_hundred_are_detected(draw, of):
    with pytest.raises(ValueError, match="Draws moves pixels"):
        build_step(Draws(lambda: of(draw), 0.002))


def test_own_generators_advance_between_trials():
    class Own(ImageOnly):
        rng = None

        def transform(self, results):
            return super().transform(results) if self.rng.random() < 0.2 else results

    step = Own(mirror)
    step.rng = np.random.default_rng(0)  # its first call moves nothing
    with pytest.raises(ValueError, match="Own moves pixels"):
        build_step(step)


@pytest.mark.parametrize("shift", [(0, 1), (2, 0), (-1, 1)])
def test_a_shift_by_a_pixel_is_a_move(shift):
    def rolled(img):
        return np.roll(img, shift, (0, 1))

    def dimmed(img):
        return (rolled(img) * 0.7).astype(np.uint8)

    for move in (rolled, dimmed):
        with pytest.raises(ValueError, match="ImageOnly moves pixels"):
            build_step(ImageOnly(move))


def test_transforms_that_need_real_data_are_tried_on_samples():
    class Picky(ImageOnly):
        def transform(self, results):
            results["ann_specs"]  # missing in the small images of a trial
            return super().transform(results)

    step, made = build_step(Picky(mirror)), results()
    made["img"], made["ann_specs"] = np.ascontiguousarray(made["img"]), {}
    with pytest.raises(ValueError, match="Picky moves pixels"):
        step(made)


def test_a_mapping_that_names_the_image_alone():
    with pytest.raises(ValueError, match="Labels moves pixels"):
        build_step(dict(type="KeyMapper", mapping=dict(img="img"), transforms=[Labels(mirror)]))


class Pairs(Labels):
    def get_indices(self, dataset):
        return [0]


def test_multi_image_mix_dataset_is_checked():
    """MultiImageMixDataset builds its transforms itself."""
    seg = dict(seg=dict(kind="classes", dir="x"))
    inner = dict(type=Without, annotations=seg, lazy_init=True)
    for step in (ImageOnly, Labels, Pairs, "PackSegInputs"):
        cfg = dict(type=step) if isinstance(step, str) else dict(type=step, move=mirror)
        for kind in ("MultiImageMixDataset", MultiImageMixDataset):
            mixed = dict(type=kind, dataset=inner, pipeline=[cfg], lazy_init=True)
            if step in (Labels, "PackSegInputs"):
                (built,) = DATASETS.build(mixed).pipeline
                assert type(built).__name__ in ("Watched", "PackMultiTaskInputs")
                continue
            with pytest.raises(ValueError, match=f"{step.__name__} (moves pixels|mixes several)"):
                DATASETS.build(mixed)


class Without(MultiTaskDataset):
    """Does not check files."""

    METAINFO = dict(classes=("a", "b"))

    def __len__(self):
        return 1


class OnACopy(Labels):
    """In mmseg's style, on a copy of the whole sample."""

    def transform(self, results):
        return super().transform(copy.deepcopy(results))


class IntoItself(Labels):
    """Moves the maps that it knows by writing into them."""

    def transform(self, results):
        for key in {"img", "gt_edge_map", *results["seg_fields"]} & {*results}:
            results[key][:] = self.move(results[key])
        return results


@pytest.mark.parametrize("kind", [OnACopy, IntoItself])
def test_maps_follow_once_whatever_becomes_of_the_arrays(kind):
    moved = build_step(kind(mirror))(results())
    np.testing.assert_array_equal(moved["gt_edge_map"], moved["img"][..., 0])
    np.testing.assert_allclose(moved["gt_normal_map"][3, 3], NORMAL * (-1, 1, 1), atol=1e-6)
