"""What runs on packed samples moves image and labels together, or is refused."""

import zlib

import numpy as np
import pytest
import torch
from shared_fixtures import PIPELINE

from mmlhl.datasets.pipelines import build_steps

from ..test_stock_transforms import pack
from .test_sample_checks import sample


def flipped(data, field):
    signs = torch.tensor([-1, 1, 1]).view(3, 1, 1) if field == "gt_normal_map" else 1
    return data.flip(-1) * signs


def image(packed):
    packed["inputs"] = packed["inputs"].flip(-1)
    return packed


def seldom(packed):
    return image(packed) if np.random.rand() < 0.01 else packed


def zoomed(packed):
    part = packed["inputs"][None, :, 3:-3, 4:-4].float()
    size = packed["inputs"].shape[-2:]
    packed["inputs"] = torch.nn.functional.interpolate(part, size, mode="bilinear")[0]
    return packed


def one_label(packed):
    sample = packed["data_samples"]
    if "gt_depth_map" in sample:
        sample.gt_depth_map.data = sample.gt_depth_map.data.roll(1, -1)
    return packed


def classes_along(packed):
    sample = packed["data_samples"]
    sample.gt_sem_seg.data = sample.gt_sem_seg.data.flip(-1)
    return image(packed)


def everything(packed):
    sample = packed["data_samples"]
    for field in [*sample.keys()]:
        sample.get(field).data = flipped(sample.get(field).data, field)
    return image(packed)


def unturned(packed):
    sample = packed["data_samples"]
    for field in [*sample.keys()]:
        sample.get(field).data = sample.get(field).data.flip(-1)
    return image(packed)


def brighter(packed):
    packed["inputs"] = (packed["inputs"].float() * 1.1 + 3).clip(0, 255)
    return packed


def named(packed):
    packed["data_samples"].set_metainfo(dict(place="Rome"))
    return packed


def by_file(step):
    """Some samples alone, by a name that no trial has."""

    def act(packed):
        name = packed["data_samples"].metainfo.get("img_path", "")
        return (
            step(packed) if "trial" not in name and zlib.crc32(name.encode()) % 4 == 0 else packed
        )

    return act


WRONG = [image, seldom, zoomed, one_label, classes_along, unturned]
RIGHT = [everything, brighter, named, lambda packed: packed]


@pytest.mark.parametrize("step", WRONG)
def test_behind_the_packing(step):
    message = f"{step.__name__} moves pixels of packed .*put it before PackMultiTaskInputs"
    with pytest.raises(ValueError, match=message):
        build_steps([*PIPELINE, step])
    with pytest.raises(ValueError, match=message):
        build_steps([*PIPELINE, dict(type="RandomApply", transforms=[step], prob=0.5)])


@pytest.mark.parametrize("step", RIGHT)
def test_what_moves_all_or_nothing_may_follow_the_packing(step):
    assert len(build_steps([*PIPELINE, step])) == 4


def packs(step):
    *_, watched = build_steps([dict(type="PackMultiTaskInputs"), step])
    for number in range(30):
        packed = watched(pack(sample(number)))
        assert not [field for field in packed["data_samples"].keys() if "witness" in field]


@pytest.mark.parametrize("step", [image, zoomed, one_label])
def test_every_packed_sample_is_looked_at(step):
    with pytest.raises(ValueError, match="act moves pixels of"):
        packs(by_file(step))


def noisy(packed):
    noise = 30 * torch.randn(packed["inputs"].shape)
    packed["inputs"] = (packed["inputs"] + noise).clip(0, 255).byte()
    return packed


@pytest.mark.parametrize("step", [everything, brighter, named, noisy])
def test_packed_samples_that_move_together_or_not_at_all(step):
    packs(step)
