"""mmseg's Albu: all labels of a sample follow the transforms of albumentations."""

import importlib.util
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets.transforms import transforms as stock

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.pipelines import build_step, refuse_bending

from .test_stock_transforms import NORMAL, assert_aligned, pack, results

NEEDED = pytest.mark.skipif(
    importlib.util.find_spec("albumentations") is None, reason="albumentations is not installed"
)


class Move:
    """A transform of the stub: masks by nearest neighbours, unless ``blend`` is set."""

    def __init__(self, move, p=1.0):
        self.move, self.p = move, p


class Compose:
    """As albumentations' own: what no target is named for comes back as it is."""

    def __init__(self, transforms, additional_targets=None):
        self.transforms = transforms
        self.targets = dict(image="image", mask="mask", **(additional_targets or {}))

    def __call__(self, **data):
        for each in self.transforms:
            if np.random.rand() < each.p:
                data = {k: each.move(v) if k in self.targets else v for k, v in data.items()}
        return data


def mirror(array):
    return array[:, ::-1].copy()


def quarter(array):
    return np.rot90(array).copy()


def roll(array):
    return np.roll(array, array.shape[1] // 3, axis=1)


def blend(array):
    return cv2.blur(array, (3, 3))


def brighter(array):
    return array if array.ndim == 2 else np.minimum(array + 9.0, 255).astype(array.dtype)


@pytest.fixture
def stub(monkeypatch):
    init_default_scope("mmseg")
    monkeypatch.setattr(stock, "ALBU_INSTALLED", True)
    monkeypatch.setattr(stock, "Compose", Compose, raising=False)
    monkeypatch.setattr(stock, "albumentations", SimpleNamespace(Move=Move), raising=False)


def albu(move, **options):
    return build_step(dict(type="Albu", transforms=[dict(type="Move", move=move)], **options))


KEYMAPS = [
    dict(),
    dict(keymap=dict(img="image", gt_seg_map="mask")),
    dict(
        keymap=dict(img="image", gt_seg_map="mask", gt_edge_map="edge"),
        additional_targets=dict(edge="image"),
    ),
]


@pytest.mark.parametrize("options", KEYMAPS, ids=["plain", "keymap", "additional_targets"])
def test_every_label_moves(stub, options):
    x, y, z = NORMAL
    for move, normal in ((mirror, (-x, y, z)), (quarter, (y, -x, z))):
        made = albu(move, **options)(results())
        np.testing.assert_allclose(made["gt_normal_map"][3, 3], normal, atol=1e-5)
        assert_aligned(pack(made))


def test_colours_move_nothing(stub):
    made = albu(brighter)(results())
    assert "geometry" not in made and (made["img"][0, 0] == 9).all()
    np.testing.assert_array_equal(made["gt_edge_map"], results()["gt_edge_map"])


def test_samples_of_mmseg_are_treated_as_mmseg_does(stub):
    plain = results()
    del plain["dense_fields"]
    made = albu(mirror)(plain)
    np.testing.assert_array_equal(made["gt_seg_map"], mirror(results()["gt_seg_map"]))
    np.testing.assert_array_equal(made["gt_edge_map"], results()["gt_edge_map"])


def test_unsupported_options_are_refused_at_construction(stub):
    with pytest.raises(ValueError, match="Albu: Move interpolates the labels"):
        albu(blend)
    with pytest.raises(ValueError, match="Albu with .*has no attribute 'Flop'"):
        build_step(dict(type="Albu", transforms=[dict(type="Flop")]))
    seldom = dict(type="Albu", transforms=[dict(type="Move", move=roll, p=0.001)])
    nested = [build_step(dict(type="RandomApply", transforms=[seldom], prob=0.1))]
    refuse_bending(nested, {"classes", "depth"})
    with pytest.raises(ValueError, match="Albu bends the image.*normals"):
        refuse_bending(nested, {"classes", "normal"})


def test_deforming_transforms_are_refused_for_normals(stub, tmp_path):
    folders = dict(normal=dict(kind="normal", dir="normal"))
    pipeline = [dict(type="Albu", transforms=[dict(type="Move", move=roll)])]
    with pytest.raises(ValueError, match="Albu bends the image"):
        MultiTaskDataset(str(tmp_path), annotations=folders, pipeline=pipeline, lazy_init=True)


REAL = dict(
    flip=dict(type="HorizontalFlip"),
    turn=dict(type="RandomRotate90"),
    transpose=dict(type="Transpose"),
    crop=dict(type="RandomCrop", height=8, width=12),
    pad=dict(type="PadIfNeeded", min_height=40, min_width=40, border_mode=0),
    colours=dict(type="ToGray"),
    one_of=dict(type="OneOf", transforms=[dict(type="HorizontalFlip"), dict(type="Transpose")]),
)


@NEEDED
@pytest.mark.parametrize("name", REAL)
def test_every_label_moves_with_albumentations(name):
    init_default_scope("mmseg")
    step = build_step(dict(type="Albu", transforms=[dict(REAL[name], p=1.0)]))
    assert not step.bends
    assert_aligned(pack(step(results())))


@NEEDED
@pytest.mark.parametrize("name", ["GridDistortion", "RandomGridShuffle", "Perspective"])
def test_deforming_transforms_of_albumentations_are_recognised(name):
    init_default_scope("mmseg")
    assert build_step(dict(type="Albu", transforms=[dict(type=name, p=0.01)])).bends
