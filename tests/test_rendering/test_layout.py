import numpy as np
import pytest

from mmlhl.rendering import CLASSES, PALETTE, sample_scene, scene_and_camera
from mmlhl.rendering.renderer import render_labels
from mmlhl.rendering.viewpoint import _inside


@pytest.fixture(scope="module")
def counts():
    total = np.zeros(len(CLASSES))
    for index in range(60):
        sample = render_labels(*scene_and_camera("train", index, 36, 48), 36, 48)
        total += np.bincount(sample["label"].ravel(), minlength=len(CLASSES))
    return total / total.sum()


def test_each_class_has_a_name_and_a_colour_of_its_own():
    assert len(CLASSES) == len(PALETTE) == len(set(PALETTE)) == 13


def test_all_classes_appear(counts):
    assert (counts > 0.001).all(), dict(zip(CLASSES, counts, strict=True))


def test_classes_are_long_tailed(counts):
    order = np.sort(counts)[::-1]
    assert order[0] > 0.2 and order[:3].sum() > 0.5
    assert order[-4:].sum() < 0.12


def test_scenes_repeat_by_seed_and_differ_between_seeds():
    one, two, other = sample_scene(4), sample_scene(4), sample_scene(5)
    assert np.array_equal(one.size, two.size) and len(one.shapes) == len(two.shapes)
    for a, b in zip(one.shapes, two.shapes, strict=True):
        assert np.array_equal(a.centre, b.centre) and np.array_equal(a.half, b.half)
        assert np.array_equal(a.material.colours, b.material.colours)
    assert not np.array_equal(one.size, other.size)


def test_splits_and_seeds_share_no_scene():
    sizes = {
        tuple(scene_and_camera(split, index, 12, 16, seed)[0].size)
        for split in ("train", "val")
        for index in range(3)
        for seed in (0, 1)
    }
    assert len(sizes) == 12


def test_cameras_are_in_free_space_within_the_room():
    for index in range(12):
        scene, camera = scene_and_camera("val", index, 24, 32)
        assert (camera.position > 0).all() and (camera.position < scene.size).all()
        assert not any(_inside(shape, camera.position) for shape in scene.shapes)
