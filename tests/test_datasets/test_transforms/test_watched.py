"""Somebody else's transforms: those that move all labels in seg_fields are followed, those that
move the image alone are refused, and those that move nothing pass."""

import random

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmseg.datasets.transforms import RandomRotate

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms.watched import Watched

from .test_stock_transforms import NORMAL, RAMP, assert_aligned, pack, results


class Labels(BaseTransform):
    """In mmseg's style: the image and all of seg_fields."""

    def __init__(self, move):
        self.move = move

    def transform(self, results):
        for key in ["img", *results["seg_fields"]]:
            results[key] = self.move(results[key])
        results["img_shape"] = results["img"].shape[:2]
        return results


class ImageOnly(Labels):
    def transform(self, results):
        results["img"] = self.move(results["img"])
        return results


class Sometimes(Labels):
    def transform(self, results):
        return super().transform(results) if random.random() < 0.5 else results


class SegMapOnly(Labels):
    """As Albu: one label by its name."""

    def transform(self, results):
        for key in ("img", "gt_seg_map"):
            results[key] = self.move(results[key])
        return results


class Everything(Labels):
    """Moves all dense_fields itself."""

    def transform(self, results):
        for key in ["img", *{*results["seg_fields"], *results["dense_fields"]}]:
            results[key] = self.move(results[key])
        return results


def mirror(array):
    return array[:, ::-1].copy()


def upend(array):
    return array[::-1].copy()


def quarter(array):
    return np.rot90(array).copy()


def corner(array):
    return array[2:14, 5:25].copy()


def roll(array):
    return np.roll(array, 6, axis=1)


def framed(array):
    return np.pad(array, ((2, 4), (3, 0)) + ((0, 0),) * (array.ndim - 2), constant_values=255)


def doubled(array):
    return array.repeat(2, 0).repeat(2, 1)


MOVES = [mirror, upend, quarter, corner, roll, framed, doubled]


@pytest.mark.parametrize("move", MOVES)
def test_other_maps_follow_the_labels(move):
    # each has its own image: two rolled halves have no common turn
    made = results()
    if move is roll:
        del made["gt_normal_map"]
    packed = pack(build_step(Labels(move))(made))
    if move is roll:
        assert torch.equal(packed["data_samples"].gt_edge_map.data, packed["inputs"][:1].float())
        return
    image = packed["inputs"][:1].float()
    edge = packed["data_samples"].gt_edge_map.data
    known = edge.isfinite()
    assert torch.equal(edge[known], image[known])
    assert known.float().mean() > 0.5 and (move is framed) != bool(known.all())
    assert "_witness" not in packed["data_samples"]
    if move is framed:
        assert torch.equal(packed["data_samples"].valid_map.data, known)


def test_normals_turn_with_somebody_elses_flips_and_turns():
    x, y, z = NORMAL
    expected = [(mirror, (-x, y, z)), (upend, (x, -y, z)), (quarter, (y, -x, z))]
    for move, normal in [*expected, (corner, NORMAL), (doubled, NORMAL)]:
        made = build_step(Labels(move))(results())
        np.testing.assert_allclose(made["gt_normal_map"][3, 3], normal, atol=1e-5)


def test_deformed_normals_are_refused():
    step = build_step(Labels(roll))
    with pytest.raises(ValueError, match="Labels bends the image.*normals"):
        step(results())


@pytest.mark.parametrize("cls", [ImageOnly, SegMapOnly])
@pytest.mark.parametrize("move", [mirror, upend, roll])
def test_an_image_that_moves_alone_is_refused_when_the_pipeline_is_built(cls, move):
    with pytest.raises(ValueError, match=f"{cls.__name__} moves pixels.*moves_pixels = False"):
        build_step(cls(move))


@pytest.mark.parametrize("move", [quarter, corner, doubled])
def test_image_that_is_resized_alone_is_refused(move):
    with pytest.raises(ValueError, match="ImageOnly changes the image to .*not its labels"):
        build_step(ImageOnly(move))


class LabelsOnly(Labels):
    def transform(self, results):
        for key in results["seg_fields"]:
            results[key] = self.move(results[key])
        return results


@pytest.mark.parametrize("move", [lambda a: np.roll(a, 1, 0), lambda a: np.roll(a, 2, 1), mirror])
def test_labels_that_move_alone_are_refused(move):
    with pytest.raises(ValueError, match="LabelsOnly moves pixels"):
        build_step(LabelsOnly(move))


def test_labels_may_vanish_where_they_are():
    def without_border(array):
        return np.pad(array[2:-2, 2:-2], 2, constant_values=255)

    assert build_step(LabelsOnly(without_border)).name == "LabelsOnly"


def test_functions_are_watched_by_their_name():
    def flip_image(results):
        results["img"] = results["img"][:, ::-1].copy()
        return results

    with pytest.raises(ValueError, match="flip_image moves pixels"):
        build_step(flip_image)
    assert build_step(lambda results: results)(results())["img"].shape == (24, 32, 3)


@pytest.mark.parametrize(
    "colour",
    [
        lambda img: 255 - img,
        lambda img: np.clip(img.astype(int) + 30, 0, 255).astype(np.uint8),
        lambda img: cv2.GaussianBlur(img, (7, 7), 3),
        lambda img: img[..., ::-1].copy(),
        lambda img: (img // 64) * 64,
        lambda img: cv2.Laplacian(img, cv2.CV_8U),
        lambda img: np.where(np.random.rand(*img.shape[:2], 1) < 0.1, 0, img).astype(np.uint8),
        lambda img: (img - img.mean()) / img.std(),
        lambda img: np.zeros_like(img),
        lambda img: img.mean(-1, keepdims=True).repeat(3, -1),
    ],
    ids="invert add blur swap posterize edges noise standardise black grey".split(),
)
def test_colours_and_filters_pass(colour):
    made = build_step(ImageOnly(colour))(results())
    np.testing.assert_array_equal(made["gt_edge_map"], RAMP)
    assert "geometry" not in made and "valid_map" not in made


def test_what_moves_only_sometimes_is_followed():
    step = build_step(Sometimes(mirror))
    random.seed(0)
    flipped = 0
    for _ in range(8):
        made = step(results())
        assert_aligned(pack(made))
        flipped += "geometry" in made
    assert 0 < flipped < 8


def test_a_transform_that_moves_all_maps_itself_is_left_alone():
    made = build_step(Everything(corner))(results())
    np.testing.assert_array_equal(made["gt_edge_map"], RAMP[2:14, 5:25])


def test_interpolated_labels_are_refused():
    def soft(array):
        return cv2.resize(array, (20, 20), interpolation=cv2.INTER_LINEAR)

    with pytest.raises(ValueError, match="Labels interpolates the labels"):
        build_step(Labels(soft))(results())


def test_declared_behaviour_of_a_class_is_trusted():
    class Told(ImageOnly):
        moves_pixels = False

    step = Told(mirror)
    assert build_step(step) is step


def test_trials_do_not_change_random_states_or_transforms():
    class Counting(BaseTransform):
        calls = 0

        def transform(self, results):
            self.calls += 1
            np.random.rand(), random.random(), torch.rand(1)
            return results

    np.random.seed(5), random.seed(5), torch.manual_seed(5)
    expected = np.random.rand(), random.random(), float(torch.rand(1))
    np.random.seed(5), random.seed(5), torch.manual_seed(5)
    step = Counting()
    assert isinstance(build_step(step), Watched) and step.calls == 0
    assert (np.random.rand(), random.random(), float(torch.rand(1))) == expected


def test_transforms_that_need_more_than_an_image_are_not_tried():
    class Reader(BaseTransform):
        def transform(self, results):
            results["img"] = cv2.imread(results["img_path"])[:, ::-1]
            return results

    assert isinstance(build_step(Reader()), Watched)


def test_stock_transforms_that_were_built_elsewhere_are_watched():
    np.random.seed(0)
    step = build_step(RandomRotate(prob=1.0, degree=(90.0, 90.0)))
    made = results()
    x, y, z = NORMAL
    made = step(made)
    np.testing.assert_allclose(made["gt_normal_map"][12, 16], (-y, x, z), atol=1e-2)
    made["gt_normal_map"] = made["gt_normal_map"] / np.linalg.norm(
        made["gt_normal_map"], axis=-1, keepdims=True
    )
    assert_aligned(pack(made))
