"""Moves are noted in a way by which a test undoes them, whatever transform makes them."""

import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmlhl.datasets.pipelines import build_step

from . import test_stock_transforms as stock
from .test_watched import Labels, corner, doubled, framed, mirror, quarter, results


def letterbox(array):
    fitted = cv2.resize(array, (32, 20), interpolation=cv2.INTER_NEAREST)
    return cv2.copyMakeBorder(fitted, 6, 6, 0, 0, cv2.BORDER_CONSTANT, value=255)


def fitted(array):
    return cv2.resize(array, (38, 21), interpolation=cv2.INTER_NEAREST)


def slightly_cut(array):
    return cv2.resize(array[2:-1], array.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def test_what_can_be_undone_and_other_moves_are_noted():
    assert build_step(Labels(mirror))(results())["geometry"] == (
        dict(kind="flip", by="Labels", direction="horizontal"),
    )
    assert build_step(Labels(framed))(results())["geometry"] == (
        dict(kind="pad", by="Labels", padding=(3, 0, 2, 4)),
    )
    height, width = results()["img"].shape[:2]
    resized = dict(kind="resize", by="Labels", size=(height, width))
    for move in (doubled, fitted):
        assert build_step(Labels(move))(results())["geometry"] == (resized,)
    assert build_step(Labels(letterbox))(results())["geometry"] == (
        resized,
        dict(kind="pad", by="Labels", padding=(0, 0, 6, 6)),
    )
    for move in (quarter, corner, slightly_cut):
        assert build_step(Labels(move))(results())["geometry"][0]["kind"] == "warp"
    assert "geometry" not in build_step(Labels(np.copy))(results())


@pytest.mark.parametrize("name", ["RandomRotate", "MultiTaskRandomRotate"])
def test_half_turns_are_flips_and_whole_turns_nothing(name):
    made, flipped, same = (
        TRANSFORMS.build(step)(stock.results())
        for step in (
            dict(type=name, prob=1.0, degree=(180.0, 180.0)),
            dict(type="RandomFlip", prob=1.0, direction="diagonal"),
            dict(type=name, prob=1.0, degree=(-360.0, -360.0)),
        )
    )
    assert made["geometry"] == (dict(kind="flip", by=name, direction="diagonal"),)
    assert "geometry" not in same
    for key, value in stock.results().items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(made[key], flipped[key])
            np.testing.assert_array_equal(same[key], value)
