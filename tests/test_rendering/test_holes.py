import numpy as np
import pytest

from mmlhl.rendering import IGNORE, add_holes, render, scene_and_camera


@pytest.fixture(scope="module")
def pairs():
    result = []
    for index in range(8):
        sample = render(*scene_and_camera("train", index, 48, 64), 48, 64)
        result.append((sample, add_holes(sample, index)))
    return result


def test_remaining_values_are_unchanged(pairs):
    for sample, gappy in pairs:
        for key in ("depth", "normal"):
            there = np.isfinite(gappy[key])
            assert np.array_equal(gappy[key][there], sample[key][there])
        there = gappy["label"] != IGNORE
        assert np.array_equal(gappy["label"][there], sample["label"][there])
        assert np.array_equal(gappy["image"], sample["image"])


def test_each_map_has_few_holes(pairs):
    depth = [np.isnan(gappy["depth"]).mean() for _, gappy in pairs]
    label = [(gappy["label"] == IGNORE).mean() for _, gappy in pairs]
    assert 0.03 < np.mean(depth) < 0.35 and max(depth) < 0.8
    assert 0.01 < np.mean(label) < 0.15


def test_missing_normals_lack_all_channels_and_include_missing_depth(pairs):
    for _, gappy in pairs:
        missing = np.isnan(gappy["normal"])
        assert np.array_equal(missing.any(axis=2), missing.all(axis=2))
        assert missing.all(axis=2)[np.isnan(gappy["depth"])].all()


def test_depth_is_missing_at_mirrors():
    flat = {
        "image": np.zeros((40, 40, 3), np.uint8),
        "label": np.zeros((40, 40), np.uint8),
        "depth": np.full((40, 40), 2, np.float32),
        "normal": np.tile(np.float32((0, 0, -1)), (40, 40, 1)),
        "item": np.zeros((40, 40), np.int32),
        "gloss": np.zeros((40, 40), np.float32),
    }
    glossy = {**flat, "gloss": np.ones((40, 40), np.float32)}
    seeds = range(6)
    matt = np.mean([np.isnan(add_holes(flat, s)["depth"]).mean() for s in seeds])
    shiny = np.mean([np.isnan(add_holes(glossy, s)["depth"]).mean() for s in seeds])
    assert shiny > 0.6 > 0.35 > matt


def test_input_is_not_changed_and_holes_depend_on_the_seed(pairs):
    sample, gappy = pairs[0]
    assert np.isfinite(sample["depth"]).all() and (sample["label"] != IGNORE).all()
    again, other = add_holes(sample, 0), add_holes(sample, 99)
    assert np.array_equal(again["depth"], gappy["depth"], equal_nan=True)
    assert not np.array_equal(other["depth"], gappy["depth"], equal_nan=True)
