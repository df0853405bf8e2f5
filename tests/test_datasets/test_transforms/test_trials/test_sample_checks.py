"""Users' transforms that move the image alone by what no trial can vary: each sample is checked."""

import random
import threading
import zlib

import cv2
import numpy as np
import pytest

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms.trials.sample_checks import SampleChecks
from mmlhl.datasets.transforms.trials.spots import try_on_sample

from ..test_watched import Labels

SIZE = (96, 128)

KEYS = ("img", "gt_seg_map", "gt_depth_map", "gt_normal_map")


def textured(seed):
    return cv2.resize(
        np.random.RandomState(seed).randint(0, 256, (24, 32, 3), np.uint8), SIZE[::-1]
    )


def sample(number):
    image = textured(number)
    normal = textured(number + 100).astype(np.float32) - 127.5
    return dict(
        img=image,
        img_shape=SIZE,
        ori_shape=SIZE,
        img_path=f"images/{number}.png",
        gt_seg_map=image[..., 0] // 32,
        gt_depth_map=image[..., 1].astype(np.float32) / 25,
        gt_normal_map=normal / np.linalg.norm(normal, axis=2, keepdims=True),
        seg_fields=["gt_seg_map"],
        dense_fields=dict(gt_seg_map="classes", gt_depth_map="depth", gt_normal_map="normal"),
    )


def warped(angle, zoom):
    matrix = cv2.getRotationMatrix2D((SIZE[1] / 2, SIZE[0] / 2), angle, zoom)

    def warp(array):
        linear = array.dtype != np.uint8 or array.ndim == 3
        return cv2.warpAffine(array, matrix, SIZE[::-1], flags=int(linear))

    return warp


MOVES = dict(
    mirror=lambda array: np.ascontiguousarray(array[:, ::-1]),
    roll=lambda array: np.roll(array, (3, 2), (0, 1)),
    turn=warped(4, 1),
    zoom=warped(0, 1.06),
    far=warped(25, 1.1),
)


class Seldom:
    """Moves one map of a few samples, alone."""

    def __init__(self, move, when, key="img", before=None):
        self.move, self.when, self.key, self.before = move, when, key, before

    def __call__(self, results):
        if self.before:
            results["img"] = self.before(results["img"])
        if results["img"].shape[0] == SIZE[0] and self.when(self, results):
            results[self.key] = self.move(results[self.key])
        return results


def by_file(step, results):
    return zlib.crc32(results["img_path"].encode()) % 5 == 0 and "trial" not in results["img_path"]


def by_values(step, results):
    return "dense" in str(results.keys()) and results["img"].sum() % 4 == 0


def by_count(step, results):
    step.count = getattr(step, "count", 0) + 1
    return step.count % 7 == 0


def noisy(image):
    return np.clip(image + np.random.normal(0, 12, image.shape), 0, 255).astype(np.uint8)


def run(step, number=40):
    for index in range(number):
        step(sample(index))


@pytest.mark.parametrize("when", [by_file, by_values, by_count])
@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_an_image_that_seldom_moves_alone(move, when):
    with pytest.raises(ValueError, match="Seldom moves pixels of the image"):
        run(build_step(Seldom(move, when)))


@pytest.mark.parametrize("key", ["gt_seg_map", "gt_depth_map", "gt_normal_map"])
@pytest.mark.parametrize("move", ["mirror", "roll", "turn"])
def test_a_label_that_seldom_moves_alone(move, key):
    with pytest.raises(ValueError, match=f"Seldom moves pixels of {key}"):
        run(build_step(Seldom(MOVES[move], by_file, key)))


@pytest.mark.parametrize("before", [noisy, lambda image: cv2.GaussianBlur(image, (0, 0), 1.5)])
def test_behind_a_filter(before):
    with pytest.raises(ValueError, match="Seldom moves pixels of the image"):
        run(build_step(Seldom(MOVES["turn"], by_file, before=before)), 80)


class Sometimes(Labels):
    """Moves all, but some images alone."""

    def transform(self, results):
        if by_file(self, results):
            results["img"] = self.move(results["img"])
            return results
        return super().transform(results)


def pushed(array):
    made = np.zeros_like(array)
    made[3:, 2:] = array[:-3, :-2]
    return made


def test_an_image_without_labels_that_move_otherwise():
    with pytest.raises(ValueError, match="Sometimes moves pixels of the image"):
        run(build_step(Sometimes(pushed)))


def erased(image):
    row, column = np.random.randint(60), np.random.randint(80)
    image = image.copy()
    image[row : row + 40, column : column + 50] = np.random.randint(256)
    return image


@pytest.mark.parametrize(
    "change",
    [
        noisy,
        erased,
        lambda image: 255 - image,
        lambda image: cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 3)),
        lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [1, 8])[1], 1),
        lambda image: np.where(image > 128, 255 - image, image).astype(np.uint8),
        lambda image: cv2.resize(cv2.resize(image, (32, 24), interpolation=3), SIZE[::-1]),
        lambda image: (0.5 * image + 0.5 * textured(random.randrange(99))).astype(np.uint8),
    ],
)
def test_changes_of_values_pass(change):
    step = build_step(Seldom(change, lambda *_: True))
    for index in range(12):
        before, made = sample(index), step(sample(index))
        assert np.array_equal(made["gt_depth_map"], before["gt_depth_map"])


class Paste:
    """Covers half of a sample by another one, with its labels."""

    def __init__(self, row, column, keys=KEYS):
        self.row, self.column, self.keys = row, column, keys

    def __call__(self, results):
        if results["img"].shape[0] == SIZE[0]:
            other, number = sample(500), random.randrange(60)
            rows = slice(self.row(number), self.row(number) + 50)
            columns = slice(self.column(number), self.column(number) + 70)
            for key in self.keys:
                results[key][rows, columns] = other[key][rows, columns]
        return results


@pytest.mark.parametrize("keys", [KEYS, ("img",), KEYS[1:]])
def test_covered_pixels_have_not_moved(keys):
    run(build_step(Paste(lambda number: number, lambda number: 60 - number, keys)), 60)


@pytest.mark.parametrize("left", range(1, 10))
@pytest.mark.parametrize("axis", [0, 1])
def test_spots_that_are_covered_in_part(left, axis):
    def covered(results):
        if results["img"].shape[0] == 140:
            rows = slice(35 + left, 49) if axis == 0 else slice(35, 49)
            columns = slice(35 + left, 49) if axis else slice(35, 49)
            results["img"][rows, columns] = 7
        return results

    made = dict(sample(0), img=cv2.resize(sample(0)["img"], (140, 140)))
    made.update(gt_seg_map=np.zeros((140, 140), np.uint8), dense_fields={}, seg_fields=[])
    try_on_sample(covered, "covered", made)


@pytest.mark.parametrize("number", [21, 27])
def test_a_spot_that_an_edge_filter_shatters(number):
    size = (144, 192)
    image = cv2.resize(cv2.resize(textured(number)[:40, :50], SIZE[::-1]), size[::-1])
    made = dict(sample(0), img=image, gt_seg_map=np.zeros(size, np.uint8))
    made.update(dense_fields={}, seg_fields=[])

    def edges(results):
        edge = cv2.Canny(results["img"], 50, 150)
        return dict(results, img=np.repeat(edge[..., None], 3, 2))

    for turn in range(5):
        try_on_sample(edges, "edges", made, turn)


def test_labels_may_change_their_values():
    def relabelled(ids):
        return np.where(ids > 5, 255, ids // 2).astype(np.uint8)

    run(build_step(Seldom(relabelled, lambda *_: True, "gt_seg_map")), 12)
    run(build_step(Seldom(lambda d: 2 * d + 1, lambda *_: True, "gt_depth_map")), 12)


def test_the_random_numbers_of_the_next_sample_stay():
    drawn = []

    class Draws(Seldom):
        def __call__(self, results):
            drawn.append((random.random(), np.random.rand()))
            return super().__call__(results)

    step = build_step(Draws(noisy, lambda *_: True))
    for index in range(5):
        random.seed(index), np.random.seed(index)
        step(sample(index))
        after = random.random(), np.random.rand()
        random.seed(index), np.random.seed(index)
        random.random(), noisy(np.random.rand() * 0 + sample(index)["img"])
        assert after == (random.random(), np.random.rand())


def test_what_cannot_be_copied_is_not_repeated():
    step = build_step(Seldom(MOVES["turn"], by_file))
    made = dict(sample(0), lock=threading.Lock())
    step(made)
    step.step.lock = threading.Lock()
    run(step, 4)


def test_close_looks_become_rare():
    checks = SampleChecks("")
    due = [checks._is_due("img", 0.5 + 0.001 * (number % 7), 0.97) for number in range(200)]
    assert sum(due[:8]) == 8 and 3 <= sum(due[8:]) <= 5
    assert checks._is_due("img", 0.4, 0.97) and not checks._is_due("img", 0.98, 0.97)
