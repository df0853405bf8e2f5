"""The cheap look at what a transform changed."""

import cv2
import numpy as np
import pytest

from mmlhl.datasets.transforms.trials.likeness import likeness

DRAW = np.random.RandomState(0)
IMAGE = cv2.resize(DRAW.randint(0, 256, (24, 32, 3), np.uint8), (128, 96))
IDS = IMAGE[..., 0] // 32
PLACES = np.arange(96 * 128).reshape(96, 128)


def test_other_values_in_the_same_places_are_alike():
    for after in (IMAGE // 2, 255 - IMAGE, IMAGE.astype(np.float32) ** 1.2, IMAGE[..., ::-1]):
        assert likeness(IMAGE, after, None) > 0.97 or after.base is IMAGE
    assert likeness(IMAGE, IMAGE * 0, None) == 1 and likeness(IMAGE * 0, IMAGE, None) == 1


@pytest.mark.parametrize("shift", [(0, 1), (2, 0), (1, -1), (0, 40)])
def test_a_shift_is_not_alike(shift):
    moved = np.roll(IMAGE, shift, (0, 1))
    assert likeness(IMAGE, moved, None) < 0.97
    assert likeness(IDS, np.roll(IDS, shift, (0, 1)), None) < 0.998
    depth = IMAGE[..., 0].astype(np.float32)
    assert likeness(depth, np.roll(depth, shift, (0, 1)), None) < 0.97


def test_a_motion_that_labels_follow_is_alike():
    for source in (PLACES[:, ::-1], PLACES[10:70, 30:100], np.roll(PLACES, (3, 4), (0, 1))):
        assert likeness(IMAGE, IMAGE.reshape(-1, 3)[source], source) > 0.999
        assert likeness(IDS, IDS.ravel()[source] + 1, source) == 1
        assert (
            likeness(IMAGE, np.ascontiguousarray(IMAGE[: len(source), : len(source[0])]), source)
            < 0.5
        )
    outside = np.where(PLACES % 128 < 40, -1, PLACES)
    assert likeness(IMAGE, np.where(outside[..., None] < 0, 0, IMAGE), outside) > 0.999


def test_ids_are_renamed_merged_and_left_out():
    for after in (IDS + 5, IDS // 2, np.where(IDS == 3, 255, IDS), np.full_like(IDS, 255)):
        assert likeness(IDS, after.astype(np.uint8), None) == 1
    few = IDS.copy()
    few[:10, :10] = 7  # 100 of 12 288 pixels
    assert 0.99 < likeness(IDS, few, None) < 0.998
    assert likeness(IDS.astype(np.int64) * 1000, IDS, None) == 1  # no ids


def test_holes_and_sizes():
    depth = IMAGE[..., 0].astype(np.float32)
    holes = np.where(IDS == 2, np.nan, depth)
    assert likeness(holes, holes * 3, None) > 0.99
    assert likeness(holes, np.where(IDS == 2, np.inf, depth), None) > 0.99
    assert likeness(IMAGE, IMAGE[:50], None) == 1  # other checks compare sizes
    assert likeness(IMAGE[:1, :1], IMAGE[:1, :1] + 1, None) == 1
    large = np.tile(IMAGE, (6, 6, 1))
    assert likeness(large, np.roll(large, 5, 0), None) < 0.5 < 0.99 < likeness(large, large, None)
