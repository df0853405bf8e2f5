"""Options of stock transforms that are out of range are refused when the pipeline is built."""

import json
import math

import numpy as np
import pytest

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms import LoadImage
from mmlhl.datasets.transforms.catalogue import STOCK
from mmlhl.datasets.transforms.option_ranges import _RULES

from .test_stock_transforms import results

CUT = dict(type="RandomCutOut", prob=1.0)


@pytest.mark.parametrize(
    "step",
    [
        dict(type="RandomResize", scale=(32, 24), ratio_range=(2.0, 2.0)),
        dict(type="RandomResize", scale=[(32, 24), (32, 24)]),
        dict(type="RandomChoiceResize", scales=[(32, 24)]),
        dict(type="RandomCrop", crop_size=(8, 9)),
        dict(type="Resize", scale_factor=(0.5, 0.5)),
        dict(type="CLAHE", tile_grid_size=(8, 8)),
        dict(CUT, n_holes=(2, 3), cutout_shape=[(5, 5), (4, 4)]),
    ],
)
def test_lists_of_json_are_taken_for_tuples(step):
    found = []
    for each in (step, json.loads(json.dumps(step))):
        np.random.seed(0)
        found.append(build_step(each)(results())["img"])
    np.testing.assert_array_equal(*found)


def test_a_list_of_lengths_stays_one_of_choices():
    step = build_step(dict(type="RandomChoiceResize", scales=[16, 24], keep_ratio=True))
    assert step.scales == [16, 24]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        # this one would end the process with no message
        (dict(type="CLAHE", tile_grid_size=(0, 8)), r"tile_grid_size of CLAHE is \(0, 8\)"),
        (dict(type="CLAHE", clip_limit=-1), "clip_limit of CLAHE is -1; it must be above 0"),
        (dict(type="RandomChoiceResize", scales=[(32, 24), (0, 3)]), "scales of RandomChoiceRes"),
        (dict(type="RandomChoiceResize", scales=[]), "scales of RandomChoiceResize is .*a list"),
        (dict(type="RandomResize", scale=[(32, 24), (-32, 24)]), "scale of RandomResize"),
        (dict(type="RandomResize", scale=(0, 3), ratio_range=(1, 2)), r"scale of .* is \(0, 3\)"),
        (dict(type="ResizeShortestEdge", scale=-3, max_size=60), "scale of ResizeShortestEdge"),
        (dict(type="ResizeShortestEdge", scale=30, max_size=0), "max_size of ResizeShortestEdge"),
        (dict(type="ResizeToMultiple", size_divisor=-4), "size_divisor of ResizeToMultiple is -4"),
        (dict(type="Resize", scale=(32.5, 24)), "scale of Resize .*whole numbers"),
        (dict(type="Resize", scale=(32,)), "scale of Resize"),
        (dict(type="MultiTaskResize", scale=(32, 24, 3)), "scale of MultiTaskResize"),
        (dict(type="Pad", size_divisor=2.5), "size_divisor of Pad is 2.5"),
        (dict(type="Pad", size=(40, 40), pad_val=dict(image=3)), "pad_val of Pad has 'image'"),
        (dict(type="RandomCrop", crop_size=(16.5, 16)), "crop_size of RandomCrop"),
        (dict(type="RandomCrop", crop_size=8, cat_max_ratio=-1), "cat_max_ratio of RandomCrop"),
        (dict(type="MultiTaskRandomCrop", crop_size=8, cat_max_ratio=0), "cat_max_ratio of Multi"),
        (dict(CUT, n_holes=-1, cutout_shape=(5, 5)), "n_holes of RandomCutOut is -1"),
        (dict(CUT, n_holes=1, cutout_shape=[(5, 5), (0, 0)]), "cutout_shape of RandomCutOut"),
        (dict(CUT, n_holes=1, cutout_ratio=[(0.2, 0.2), (-0.1, 1)]), "cutout_ratio of RandomCut"),
        (dict(type="PhotoMetricDistortion", contrast_range=(-1, -0.5)), "contrast_range of Photo"),
        (dict(type="PhotoMetricDistortion", brightness_delta=-3), "brightness_delta of PhotoMet"),
        (dict(type="PhotoMetricDistortion", hue_delta=0), "hue_delta of Photo.* is 0; .*1 or more"),
        (dict(type="PhotoMetricDistortion", hue_delta=0.5), "hue_delta of PhotoMetricDistortion"),
        (dict(type="PhotoMetricDistortion", saturation_range=None), "saturation_range of Photo"),
        (
            dict(type="RandomResize", scale=300, ratio_range=(1, 2)),
            "RandomResize with .*'scale': 300",
        ),
        (dict(type="RandomResize", scale=(32, 24), ratio_range=[]), "ratio_range of RandomRes"),
        (dict(type="RandomCrop", crop_size=8, cat_max_ratio=None), "cat_max_ratio of .* is None"),
        (dict(type="GenerateEdge", edge_width=0), "edge_width of GenerateEdge is 0"),
        (dict(type="Normalize", mean=[0, 0, 0], std=[1, 0, 1]), "std of Normalize"),
        (dict(type="RandomFlip", prob=0.5, direction=[]), "direction of RandomFlip .*at least one"),
        (dict(type="RandomChoice", transforms=[]), "transforms of RandomChoice"),
        (dict(type="MultiTaskRandomScaleCrop", scales=[1, math.inf]), "zoom must be finite"),
    ],
)
def test_out_of_range(step, message):
    for kind in (step, {**step, "type": f"mmseg.{step['type']}"}):
        with pytest.raises(ValueError, match=message):
            build_step(kind)
    nested = dict(type="RandomApply", transforms=[step], prob=0.5)
    with pytest.raises(ValueError, match=message):
        build_step(nested)


@pytest.mark.parametrize(
    "step",
    [
        dict(type="RandomChoiceResize", scales=[20, 24], resize_type="ResizeShortestEdge"),
        dict(type="RandomChoiceResize", scales=[(32, 24), (16, 12)], keep_ratio=True),
        dict(type="RandomResize", scale=[(32, 24), (64, 48)], keep_ratio=True),
        dict(type="Resize", scale=(math.inf, 12), keep_ratio=True),
        dict(type="ResizeShortestEdge", scale=(12, 16), max_size=60),
        dict(type="RandomCrop", crop_size=8, cat_max_ratio=1.0),
        dict(type="CLAHE", clip_limit=2.0, tile_grid_size=(4, 4)),
        dict(CUT, n_holes=(0, 2), cutout_ratio=(0.1, 0.2)),
        dict(type="Pad", size=(40, 40), pad_val=dict(img=0, seg=255)),
    ],
)
def test_in_range(step):
    if step["type"] == "RandomChoiceResize" and step["scales"] == [20, 24]:
        step = dict(step, max_size=60)
    made = build_step(step)(results())
    assert made["img"].size


def test_the_rules_are_of_stock_transforms():
    assert set(_RULES) <= set(STOCK)


def test_an_image_that_was_moved_is_not_read_again():
    sample = build_step(dict(type="RandomFlip", prob=1.0))(results())
    with pytest.raises(ValueError, match="a.png: LoadImage reads .* again, .* moved by MultiTaskR"):
        LoadImage()(sample)
