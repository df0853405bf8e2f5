"""Every transform of mmcv and mmseg is in the catalogue and behaves as described there."""

import re
from pathlib import Path

import mmcv.transforms
import mmseg.datasets.transforms
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms import LoadImage, LoadMultiTaskAnnotations, PackMultiTaskInputs
from mmlhl.datasets.transforms.catalogue import (
    ACTS,
    BECOMES,
    KEEPS,
    REFUSED,
    STOCK,
    WRAPS,
    table,
)
from mmlhl.datasets.transforms.trials.spots import try_on_images
from mmlhl.datasets.transforms.watched import Watched

from .test_stock_transforms import CHAINS, assert_aligned, pack, results

PAGE = Path(__file__).parents[3] / "docs" / "transforms.md"
FLIP = dict(type="RandomFlip", prob=1.0)
ARGUMENTS = dict(
    AdjustGamma=dict(),
    BioMedicalGaussianNoise=dict(prob=1.0),
    CLAHE=dict(),
    GenerateEdge=dict(),
    Normalize=dict(mean=[1, 2, 3], std=[4, 5, 6]),
    PhotoMetricDistortion=dict(),
    RGB2Gray=dict(),
    RandomCutOut=dict(prob=1.0, n_holes=1, cutout_shape=(4, 4)),
    RandomGrayscale=dict(prob=0.5),
    Rerange=dict(),
)


def names(verdict):
    return sorted(name for name, (found, _) in STOCK.items() if found == verdict)


#: Albu needs another package and has tests of its own
MOVING = [name for name in names(ACTS) if name != "Albu"]


def registered():
    """Stock transforms from modules of mmcv and mmseg, some replaced by ours in the registry."""
    found = set()
    for registry in (TRANSFORMS, TRANSFORMS.parent):
        for name, cls in registry.module_dict.items():
            stock = hasattr(mmcv.transforms, name) or hasattr(mmseg.datasets.transforms, name)
            if cls.__module__.split(".")[0] in ("mmcv", "mmseg") or stock:
                found.add(name)
    return found


def test_the_catalogue_is_complete():
    assert registered() <= set(STOCK)
    assert set(STOCK) - registered() <= {"LoadImageFromNpyFile"}  # only the maintained mmseg's


def test_the_page_has_the_table():
    text = PAGE.read_text(encoding="utf-8")
    assert table() in text, f"put this into {PAGE.name}:\n{table()}"


@pytest.mark.parametrize("name", names(REFUSED))
@pytest.mark.parametrize("form", ["name", "scope", "class"])
def test_refused(name, form):
    init_default_scope("mmseg")
    cls = getattr(mmseg.datasets.transforms, name, None) or getattr(mmcv.transforms, name)
    scope = "mmseg" if hasattr(mmseg.datasets.transforms, name) else "mmengine"
    kind = dict(name=name, scope=f"{scope}.{name}")
    kind["class"] = cls
    with pytest.raises(ValueError, match=f"{name} cannot be used.*{re.escape(STOCK[name][1])}"):
        build_step(dict(type=kind[form]))


@pytest.mark.parametrize("name", names(KEEPS))
def test_kept_pixels_stay(name):
    init_default_scope("mmseg")
    if STOCK[name][1] == "loads":
        return
    step = build_step(dict(type=name, **ARGUMENTS[name]))
    assert not isinstance(step, Watched)
    try_on_images(step, name)
    made = results()
    made["dense_fields"].pop("gt_edge_map") if name == "GenerateEdge" else None
    before = made["gt_seg_map"].copy()
    np.testing.assert_array_equal(step(made)["gt_seg_map"], before)


def test_every_transform_that_acts_is_tried():
    init_default_scope("mmseg")
    tried = {step["type"].rpartition(".")[2] for chain in CHAINS.values() for step in chain}
    assert set(MOVING) <= tried


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("form", ["class", "no scope"])
def test_acts_as_a_class_and_without_a_default_scope(name, form):
    chains = [chain for chain in CHAINS.values() if len(chain) == 1 and chain[0]["type"] == name]
    step = dict(chains[0][0])
    if form == "class":
        cls = getattr(mmcv.transforms, name, None) or getattr(mmseg.datasets.transforms, name)
        step["type"] = cls
    np.random.seed(0)
    assert_aligned(pack(build_step(step)(results())))


def test_replaced_by_ours():
    init_default_scope("mmseg")
    ours = dict(
        LoadImageFromFile=LoadImage,
        LoadAnnotations=LoadMultiTaskAnnotations,
        PackSegInputs=PackMultiTaskInputs,
    )
    assert names(BECOMES) == sorted(ours)
    for name, cls in ours.items():
        stock = getattr(mmseg.datasets.transforms, name, getattr(mmcv.transforms, name, None))
        for kind in (name, stock):
            assert type(build_step(dict(type=kind))) is cls
    packing = build_step(dict(type="PackSegInputs", meta_keys=("img_path",)))
    assert packing.meta_keys == ("img_path",)


def refused_inside():
    return dict(type="RandomMosaic", prob=1.0)


@pytest.mark.parametrize("name", names(WRAPS))
def test_wrappers_are_looked_into(name):
    init_default_scope("mmseg")
    inside = dict(
        Compose=lambda step: dict(transforms=[step]),
        RandomApply=lambda step: dict(transforms=step, prob=1.0),
        RandomChoice=lambda step: dict(transforms=[[step]]),
        TestTimeAug=lambda step: dict(transforms=[[step]]),
    )
    if name in inside:
        with pytest.raises(ValueError, match="RandomMosaic cannot be used"):
            build_step(dict(type=name, **inside[name](refused_inside())))
        made = build_step(dict(type=name, **inside[name](dict(FLIP))))(results())
        if name == "TestTimeAug":
            made = {key: value[0] for key, value in made.items()}
        assert_aligned(pack(made))
        return
    key = "gt_edge_map" if name == "KeyMapper" else ["gt_edge_map"]  # one takes lists
    mapped = dict(type=name, mapping=dict(img=key), auto_remap=True)
    with pytest.raises(ValueError, match=f"{name} around RandomFlip.*leave the other maps"):
        build_step(dict(mapped, transforms=[dict(FLIP)]))
    build_step(dict(mapped, transforms=[dict(type="Normalize", mean=[0.0], std=[1.0])]))
