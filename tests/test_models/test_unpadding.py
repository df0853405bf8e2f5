"""Padding that was resized together with the image leaves nothing in the prediction."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from mmlhl.models.unpadding import without_padding
from mmlhl.models.views import FLIP_AXES, undo_view

SIZE = (24, 36)
WHITE = 1e4
"""Far from every number of the image, so that the least share of it shows."""


class Head:
    """A head whose raw map is that of the network, an identity here."""

    prediction_key = "pred_ramp"

    def flip(self, raw, direction):
        return raw.flip(FLIP_AXES[direction])

    def resize(self, raw, size):
        return F.interpolate(raw, tuple(size), mode="bilinear", align_corners=False)


def pad(height, width):
    return dict(type="Pad", size=(width, height), pad_val=dict(img=WHITE))


def resize(height, width, **options):
    return dict(type="Resize", scale=(width, height), **options)


FLIP = dict(type="RandomFlip", prob=1.0, direction="diagonal")
CHAINS = {
    "enlarged": [pad(40, 50), resize(60, 75)],
    "odd": [pad(33, 41), resize(47, 66)],
    "reduced": [pad(40, 50), resize(29, 37)],
    "twice": [pad(40, 50), resize(60, 60), resize(80, 99)],
    "flipped": [pad(40, 50), FLIP, resize(60, 75)],
    "flipped later": [pad(40, 50), resize(60, 75), FLIP],
    "padded again": [pad(40, 50), resize(60, 75), pad(70, 90), resize(100, 110)],
    "three times": [pad(30, 40), resize(60, 80), pad(70, 90), FLIP, resize(90, 90), pad(99, 99)],
    "cubic": [pad(40, 50), resize(60, 75, interpolation="bicubic")],
    "area": [pad(40, 50), resize(23, 31, interpolation="area")],
    "lanczos": [pad(40, 50), resize(60, 75, interpolation="lanczos")],
    "one side": [pad(24, 50), resize(40, 75)],
    "multiple": [pad(40, 50), dict(type="ResizeToMultiple", size_divisor=32)],
    "shortest": [pad(40, 50), dict(type="ResizeShortestEdge", scale=64, max_size=90)],
    "divisor": [dict(type="MultiTaskPad", size_divisor=32, pad_val=WHITE), resize(64, 99)],
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_border_of_the_image_is_its_own(name):
    init_default_scope("mmseg")
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    image = np.stack([rows, columns, rows + columns], -1)
    results = dict(img=image, img_shape=SIZE, ori_shape=SIZE, ann_specs={}, img_path="a.png")
    packed = Compose([*CHAINS[name], dict(type="PackMultiTaskInputs")])(results)
    raw, meta = packed["inputs"][None].double(), packed["data_samples"].metainfo
    assert raw.max() > 9000
    back, size = undo_view(raw, meta, Head())
    assert size == SIZE
    error = (Head().resize(back, size)[0].permute(1, 2, 0) - torch.from_numpy(image)).abs()
    # what is continued over the border differs by as many steps of the ramp as were mixed
    assert error.max() < (8 if name in ("lanczos", "three times") else 4.1)
    assert error[2:14, 2:26].max() < 0.6


def test_without_padding_at_a_side_it_is_left_alone():
    raw = torch.rand(1, 2, 8, 10)
    steps = [dict(kind="resize", size=(4, 5))]
    assert torch.equal(without_padding(raw, steps, (0, 0, 0, 0), (4, 5)), raw)
    right = without_padding(raw, steps, (0, 1, 0, 0), (4, 5))
    assert torch.equal(right[..., :7], raw[..., :7])
    assert torch.equal(right[..., 7:], raw[..., 6:7].expand(1, 2, 8, 3))
    # nothing of the image is left: the map is not made up
    gone = without_padding(raw, steps, (2, 3, 0, 0), (4, 5))
    assert torch.equal(gone, raw)
