"""Any config either takes a training step, in small, or is refused by an error of ours before one.

A few examples by default, always the same; ``MMLHL_FUZZ=3000`` tries that many of each kind, at
random (``tools/benchmarks/fuzz.py``).
"""

from __future__ import annotations

import copy
import math
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mmlhl.engine.adopting import adopt_weights
from mmlhl.engine.phases import parse_phases, rehearsal

from .setting import ANNOTATIONS, LABELS, LOAD, PACK, Setting, write_images

EXAMPLES = int(os.environ.get("MMLHL_FUZZ", "0"))
short = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
ODD = st.sampled_from(
    [None, True, 0, 1, -1, 2, 7, 300, 0.5, -0.5, 1e-3, 1e9, math.nan, math.inf, "", "x", "0", "1.5"]
    + [[], [0], [1, 2, 3], ["a"], [None], (0, 255), {}, {0: 1}, {"a": 1}, {"type": "x"}, [{}], b"x"]
)
FIELDS = ("scale", "offset", "invalid", "max_value", "axes", "num_classes", "classes", "id_map")
FIELDS += ("palette", "ignore", "reduce_zero_label", "label_map", "allow_void", "threshold", "kind")
FIELDS += ("channels", "resize", "inverse", "dir", "suffix", "field", "source", "reader", "post")
STEPS = {
    "RandomFlip": dict(prob=[0.5, 1.0], direction=["horizontal", ["vertical", "diagonal"]]),
    "RandomCrop": dict(crop_size=[(16, 16), 20, (64, 8)], cat_max_ratio=[0.75]),
    "Resize": dict(scale=[(40, 30), 24], scale_factor=[0.5], keep_ratio=[True]),
    "RandomResize": dict(scale=[(48, 32)], ratio_range=[(0.5, 2.0)], keep_ratio=[True]),
    "RandomRotate": dict(prob=[0.5], degree=[10, (-5, 5)]),
    "Pad": dict(size=[(64, 40)], size_divisor=[32], pad_to_square=[True]),
    "PhotoMetricDistortion": dict(brightness_delta=[32], contrast_range=[(0.5, 1.5)]),
    "RandomCutOut": dict(prob=[0.5], n_holes=[2], cutout_shape=[(4, 4)]),
    "CenterCrop": dict(crop_size=[(16, 16)]),
    "Albu": dict(transforms=[[dict(type="HorizontalFlip", p=0.5)]]),
    "RandomMosaic": dict(prob=[1.0]),
    "Rerange": dict(min_value=[0], max_value=[255]),
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    root = tmp_path_factory.mktemp("fuzz") / "images"
    write_images(root)
    return root


def tried(images, changes, spoil=None):
    """Run a config's phases in small; the outcome."""
    folder = Path(tempfile.mkdtemp())
    try:
        setting = Setting(images, folder, None)
        setting.edit(changes)
        if spoil is not None:
            spoil(setting.cfg)
        try:
            rehearsal.rehearse(setting.cfg, parse_phases(setting.cfg), adopt=adopt_weights)
        except (ValueError, OSError) as error:
            assert len(str(error)) > 10, repr(error)
            event("refused")
            return str(error)
        finally:
            assert not list(folder.iterdir()), "something is left behind"
    finally:
        shutil.rmtree(folder)
    event("a step was taken")
    return None


@short
@given(
    task=st.sampled_from(list(ANNOTATIONS)),
    options=st.dictionaries(st.sampled_from(FIELDS), ODD, min_size=1, max_size=3),
)
def test_annotations(images, task, options):
    place = f"train_dataloader.dataset.annotations.{task}"
    changes = {f"{place}.{key}": value for key, value in options.items()}
    tried(images, {**changes, "phases": [dict(tasks=[task])]})


@st.composite
def steps(draw):
    name = draw(st.sampled_from(list(STEPS)))
    options = {}
    for key, sound in STEPS[name].items():
        if draw(st.booleans()):
            options[key] = draw(st.one_of(st.sampled_from(sound), st.sampled_from(sound), ODD))
    return dict(type=name, **options)


@short
@given(
    chain=st.lists(steps(), max_size=3),
    early=st.booleans(),
    task=st.sampled_from(["seg", "normal"]),
)
def test_pipelines(images, chain, early, task):
    pipeline = [LOAD, *chain, LABELS, PACK] if early else [LOAD, LABELS, *chain, PACK]
    changes = {"train_dataloader.dataset.pipeline": pipeline, "phases": [dict(tasks=[task])]}
    tried(images, changes)


OVERRIDES = [
    {"train_cfg.max_epochs": 3},
    {"train_cfg": dict(type="IterBasedTrainLoop", max_iters=5)},
    {"optim_wrapper.optimizer.lr": 0.1},
    {"train_dataloader.batch_size": 1},
    {"train_dataloader.dataset.part": (0, 2)},
    {"param_scheduler": [dict(type="MultiStepLR", milestones=[1])]},
]
NAMES = st.one_of(st.sampled_from(["seg", "depth", "mask", "normal"]), ODD)
PHASE = st.fixed_dictionaries(
    {"tasks": st.one_of(st.lists(NAMES, max_size=2), ODD)},
    optional={
        "name": ODD,
        "cfg": st.one_of(st.sampled_from(OVERRIDES), ODD),
        "model": st.one_of(st.just(dict(backbone=dict(base_channels=8))), ODD),
        "checkpoint": ODD,
        "extra": ODD,
    },
)
SOUND = st.sampled_from(["seg", "depth", "mask", "normal"])
ORDERS = st.lists(SOUND, min_size=1, max_size=3, unique=True)


@short
@given(phases=st.one_of(st.lists(PHASE, max_size=3), ODD))
def test_phases(images, phases):
    tried(images, {"phases": phases})


@short
@given(order=ORDERS, cfgs=st.lists(st.sampled_from(OVERRIDES), min_size=3, max_size=3))
def test_overrides(images, order, cfgs):
    phases = [dict(tasks=[task], cfg=cfg) for task, cfg in zip(order, cfgs, strict=False)]
    tried(images, {"phases": phases})


def places(node, path=()):
    """Every entry of a config, including nested ones."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, (dict, list)):
            yield from places(child, (*path, key))


@short
@given(data=st.data(), count=st.integers(1, 2))
def test_any_entry(images, data, count):
    def spoil(cfg):
        for _ in range(count):
            known = [p for p in places(cfg.to_dict()) if p[0] not in ("work_dir", "randomness")]
            *parents, last = data.draw(st.sampled_from(known))
            node = cfg
            for key in parents:
                node = node[key]
            if data.draw(st.integers(0, 4)) == 0:
                node.pop(last)
            else:
                node[last] = copy.deepcopy(data.draw(ODD))

    tried(images, {"phases": [dict(tasks=["seg"])]}, spoil)
