"""Moves that are drawn by a generator of the transform's own, or by nothing that can be seeded."""

import functools
import os
import random
import secrets
import types
import uuid

import numpy as np
import pytest
import torch

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms.trials.mirrors import mirrored
from mmlhl.datasets.transforms.trials.own_draws import own_generators, put_back, seed_all, states

from ..test_labels_alone import One, tried
from ..test_stock_transforms import results
from ..test_watched import ImageOnly, mirror

NEWER = np.random.default_rng(0)
OLDER = np.random.RandomState(0)
PYTHON = random.Random(0)
TORCH = torch.Generator()
OTHER = types.ModuleType("somewhere")
OTHER.rng = np.random.Generator(np.random.Philox(0))


class Holder:
    def __init__(self):
        self.inner = [dict(rng=np.random.default_rng(1))]


class Seldom(ImageOnly):
    """Mirrors the image alone if a number is small."""

    def __init__(self, draw, share):
        super().__init__(mirror)
        self.draw, self.share, self.holder = draw, share, Holder()

    def transform(self, results):
        return super().transform(results) if self.draw(self) < self.share else results


def lazy(step):
    if not hasattr(step, "rng"):
        step.rng = np.random.default_rng()
    return step.rng.random()


def closure():
    rng = random.Random(1)
    return lambda step: rng.random()


DRAWS = dict(
    newer=lambda step: NEWER.random(),
    older=lambda step: OLDER.rand(),
    python=lambda step: PYTHON.random(),
    torch=lambda step: float(torch.rand(1, generator=TORCH)),
    module=lambda step: OTHER.rng.random(),
    inner=lambda step: min(NEWER.random() for _ in range(2)),
    held=lambda step: step.holder.inner[0]["rng"].random(),
    lazy=lazy,
    closure=closure(),
    partial=functools.partial(lambda rng, step: rng.random(), np.random.default_rng(2)),
)


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("share", [0.5, 0.002])
def test_an_image_that_moves_by_an_own_draw(name, share):
    if name == "module" and share < 0.5:
        share = 0.1  # the seeds that draw rare numbers are those of the usual generators
    before = [repr(each) for each in states([NEWER, OLDER, PYTHON, TORCH, OTHER.rng])]
    with pytest.raises(ValueError, match="Seldom moves pixels"):
        build_step(Seldom(DRAWS[name], share))
    assert [repr(each) for each in states([NEWER, OLDER, PYTHON, TORCH, OTHER.rng])] == before


@pytest.mark.parametrize("name", ["newer", "python", "lazy"])
def test_a_label_that_moves_by_an_own_draw(name):
    class Drawn(One):
        def transform(self, results):
            return super().transform(results) if DRAWS[name](self) < 0.002 else results

    with pytest.raises(ValueError, match="Drawn moves pixels of gt_depth_map"):
        tried(Drawn("gt_depth_map", mirror))


def test_generators_are_found_once_and_put_back():
    def draw():
        return NEWER.random(), OLDER.rand(), PYTHON.random(), float(torch.rand(1, generator=TORCH))

    found = own_generators(draw)
    assert len(found) == 4 and set(map(id, found)) == set(map(id, (NEWER, OLDER, PYTHON, TORCH)))
    before = states(found)
    seed_all(found, (1, 2, 3, 4))
    first = draw()
    seed_all(found, (1, 2, 3, 4))
    assert draw() == first
    put_back(found, before)
    expected = draw()
    put_back(found, before)
    assert draw() == expected
    assert own_generators(lambda: (random.random(), np.random.rand(), torch.rand(1))) == []
    assert own_generators(random.SystemRandom()) == []


class Unwilling:
    """As classes of pydantic, which raise their own errors when they are asked for attributes."""

    def __getattribute__(self, name):
        raise RuntimeError(name)


def test_objects_that_refuse_to_be_looked_into():
    step = ImageOnly(np.copy)
    step.held = [Unwilling(), Unwilling, NEWER, dict.fromkeys(range(5000), NEWER), np, torch.nn]
    assert [id(each) for each in own_generators(step)] == [id(NEWER)]
    assert build_step(step).name == "ImageOnly"


def system(step):
    return os.urandom(1)[0] / 255


@pytest.mark.parametrize("key", ["img", "gt_edge_map"])
def test_no_trial_sees_it_but_the_sample_does(key):
    class ByFile(ImageOnly):
        def transform(self, results):
            if results["img_path"].endswith("/7.png"):
                results[key] = self.move(results[key])
            return results

    step, noise = build_step(ByFile(mirror)), np.random.RandomState(0)
    for move in (mirror, lambda a: a[::-1].copy(), lambda a: a[::-1, ::-1].copy()):
        step.step.move = move
        for number in (5, 6, 7):
            sample = results()
            sample["img_path"] = f"images/{number}.png"
            sample["gt_edge_map"] = noise.rand(24, 32).astype(np.float32)
            sample["img"] = noise.randint(0, 255, (24, 32, 3)).astype(np.uint8)
            if number < 7:
                step(sample)
                continue
            with pytest.raises(ValueError, match="ByFile moves pixels"):
                step(sample)


def test_maps_that_look_mirrored_by_chance():
    noise = np.random.RandomState(1).randint(0, 255, (24, 32), np.uint8)
    assert mirrored(noise, mirror(noise)) and not mirrored(noise, noise.copy())
    assert not mirrored(noise, 255 - noise) and not mirrored(noise, noise[:20])
    assert not mirrored(noise, mirror(noise).astype(np.int64)) and not mirrored(noise, None)
    halves = np.repeat([[0, 1]], 12, 1).repeat(24, 0).astype(np.uint8)
    assert np.array_equal(1 - halves, mirror(halves)) and not mirrored(halves, 1 - halves)
    symmetric = np.concatenate([noise, mirror(noise)], 1)
    assert not mirrored(symmetric, mirror(symmetric))
    holes = np.where(noise < 9, np.nan, noise).astype(np.float32)
    assert mirrored(holes, mirror(holes))


@pytest.mark.parametrize(
    "draw",
    [
        system,
        lambda step: random.SystemRandom().random(),
        lambda step: 1 - random.SystemRandom().random(),
        lambda step: secrets.randbelow(1000) / 1000,
        lambda step: uuid.uuid4().bytes[0] / 255,
        lambda step: np.random.default_rng().random(),
        lambda step: 1 - np.random.default_rng().random(),
    ],
)
@pytest.mark.parametrize("share", [0.01, 0.5])
def test_moves_by_numbers_of_the_system_are_seen_when_it_is_built(draw, share):
    with pytest.raises(ValueError, match="Seldom moves pixels"):
        build_step(Seldom(draw, share))
