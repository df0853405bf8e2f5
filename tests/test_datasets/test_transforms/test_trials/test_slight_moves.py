"""Users' transforms that zoom, turn or bend an image or one label by little are refused, too."""

import random

import cv2
import numpy as np
import pytest

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms.trials.spot_grid import find_shifts, make_grid

from ..test_labels_alone import KINDS, One, tried
from ..test_stock_transforms import results
from ..test_watched import ImageOnly, Labels

NEAREST, LINEAR = cv2.INTER_NEAREST, cv2.INTER_LINEAR


def turned(degrees=0.0, zoom=1.0, way=NEAREST):
    """A function that turns and magnifies a map about its centre."""

    def move(array):
        height, width = array.shape[:2]
        centre = ((width - 1) / 2, (height - 1) / 2)
        angle = degrees() if callable(degrees) else degrees
        matrix = cv2.getRotationMatrix2D(centre, angle, zoom)
        return cv2.warpAffine(
            array, matrix, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE
        )

    return move


def bent(array):
    """Waves of 3 pixels, which are nowhere a shift of the whole."""
    rows, columns = np.mgrid[: array.shape[0], : array.shape[1]].astype(np.float32)
    waves = columns + 3 * np.sin(rows / 12), rows + 3 * np.sin(columns / 12)
    return cv2.remap(array, *waves, LINEAR)


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize(
    "move",
    [turned(zoom=1.05), turned(zoom=0.95), turned(zoom=1.03), turned(2), turned(-4)],
    ids=["larger", "smaller", "a little", "turned", "turned back"],
)
def test_a_label_that_hardly_moves(key, move):
    with pytest.raises(ValueError, match=f"One moves pixels of {key}"):
        tried(One(key, move))


@pytest.mark.parametrize(
    "move",
    [
        turned(zoom=1.03, way=LINEAR),
        turned(zoom=0.97, way=LINEAR),
        turned(2, way=LINEAR),
        turned(lambda: random.uniform(-4, 4), way=LINEAR),
        turned(lambda: random.uniform(-4, 4)),
        bent,
        lambda img: 255 - turned(3)(img),
        lambda img: cv2.blur(turned(3)(img), (3, 3)),
    ],
    ids="larger smaller turned randomly nearest bent inverted blurred".split(),
)
def test_an_image_that_hardly_moves(move):
    with pytest.raises(ValueError, match="ImageOnly moves pixels"):
        build_step(ImageOnly(move))


class Otherwise(Labels):
    """Moves depth in another way than the rest."""

    def __init__(self, move, other):
        super().__init__(move)
        self.other = other

    def transform(self, results):
        if "gt_depth_map" in results:
            results["gt_depth_map"] = self.other(results["gt_depth_map"])
        return super().transform(results)


def test_a_label_that_moves_a_little_more_than_its_image():
    with pytest.raises(ValueError, match="Otherwise moves pixels of gt_depth_map in another way"):
        tried(Otherwise(turned(10), turned(13)))
    tried(Otherwise(turned(10), turned(10)))
    tried(Otherwise(turned(10), turned(10, way=LINEAR)))


class InStyle(Labels):
    """As mmseg's: the image by interpolation, labels by nearest neighbours."""

    def __init__(self, move, of_labels):
        super().__init__(move)
        self.of_labels = of_labels

    def transform(self, results):
        for key in results["seg_fields"]:
            results[key] = self.of_labels(results[key])
        results["img"] = self.move(results["img"])
        results["img_shape"] = results["img"].shape[:2]
        return results


def resized(width, height, way):
    return lambda array: cv2.resize(array, (width, height), interpolation=way)


@pytest.mark.parametrize(
    ("move", "of_labels"),
    [
        (resized(512, 512, LINEAR), resized(512, 512, NEAREST)),
        (resized(300, 200, cv2.INTER_CUBIC), resized(300, 200, cv2.INTER_NEAREST_EXACT)),
        (resized(60, 50, cv2.INTER_AREA), resized(60, 50, NEAREST)),
        (turned(8, way=LINEAR), turned(8)),
        (turned(zoom=1.3, way=LINEAR), turned(zoom=1.3)),
        (turned(zoom=0.6, way=LINEAR), turned(zoom=0.6)),
    ],
)
def test_interpolated_images_lie_on_labels_that_are_not(move, of_labels):
    assert not build_step(InStyle(move, of_labels)).moves_at_random


class OwnResize(InStyle):
    """A user's ``resize_type``, which has its size set from outside."""

    def __init__(self, scale=None, keep_ratio=False, off=0):
        self.scale, self.off = scale, off

    def transform(self, results):
        self.of_labels = resized(*self.scale, NEAREST)
        self.move = lambda img: resized(*self.scale, LINEAR)(img[:, self.off :])
        return super().transform(results)


@pytest.mark.parametrize(
    "step",
    [
        dict(type="RandomResize", scale=[(100, 80), (200, 160)]),
        dict(type="RandomChoiceResize", scales=[(100, 80), (200, 160), (50, 30)]),
        dict(type="RandomResize", scale=(64, 48), ratio_range=(0.8, 1.25), keep_ratio=True),
    ],
    ids=lambda step: step["type"],
)
def test_a_resize_type_of_a_users_own(step):
    made = results()
    del made["gt_normal_map"]
    moved = build_step({**step, "resize_type": OwnResize})(made)
    assert moved["gt_edge_map"].shape[:2] == moved["img"].shape[:2]
    assert np.abs(moved["gt_edge_map"] - moved["img"][..., 0]).max() < 8
    with pytest.raises(ValueError, match=f"{step['type']} moves pixels"):
        build_step({**step, "resize_type": OwnResize, "off": 5})


def squares(array):
    array = array.copy()
    for _ in range(30):
        row, column = (np.random.randint(0, side - 8) for side in array.shape[:2])
        array[row : row + 8, column : column + 8] = 0
    return array


def coarse(factor, down=cv2.INTER_AREA, up=NEAREST):
    def change(array):
        small = tuple(side // factor for side in array.shape[1::-1])
        small = cv2.resize(array, small, interpolation=down)
        return cv2.resize(small, array.shape[1::-1], interpolation=up)

    return change


@pytest.mark.parametrize(
    "change",
    [
        squares,
        coarse(2),
        coarse(4, up=LINEAR),
        coarse(2, NEAREST),
        lambda img: cv2.medianBlur(img.astype(np.uint8), 5),
        lambda img: cv2.imdecode(cv2.imencode(".jpg", img, [1, 20])[1], 1),
        lambda img: cv2.filter2D(img, -1, np.eye(7, dtype=np.float32) / 7),
        lambda img: np.where(np.add.outer(*map(np.arange, img.shape[:2]))[..., None] % 9, img, 0),
    ],
    ids="erased halved quartered nearest median compressed streaks hatched".split(),
)
def test_what_shifts_spots_by_chance_is_no_move(change):
    build_step(ImageOnly(change))
    tried(One("gt_normal_map", lambda normals: change(normals * 100 + 128)))


def test_a_real_image_shows_what_a_small_one_does_not():
    """Half a percent is a third of a pixel at 128 pixels, and two at 800."""
    step, sample = build_step(ImageOnly(turned(zoom=1.005, way=LINEAR))), results()
    sample = {
        key: np.ascontiguousarray(value.repeat(25, 0).repeat(25, 1))
        if isinstance(value, np.ndarray)
        else value
        for key, value in sample.items()
    }
    with pytest.raises(ValueError, match="ImageOnly moves pixels"):
        step(sample)


def test_spots_lie_where_they_were_put():
    grid = make_grid((96, 128), 0)
    change = (grid.spots >= 0).astype(np.float32)
    assert np.abs(find_shifts(grid, change, None).offsets).max() == 0
    beside = find_shifts(grid, np.roll(change, (1, 2), (0, 1)), None)
    assert np.allclose(beside.offsets, (1, 2))
    # the labels move as well, and a spot that is cut off does not count
    source = np.arange(96 * 128).reshape(96, 128)[10:, 20:]
    together = find_shifts(grid, change[10:, 20:], source)
    assert np.abs(together.offsets).max() == 0 and len(together.places) < len(beside.places)
    assert make_grid((40, 128), 0) is None
