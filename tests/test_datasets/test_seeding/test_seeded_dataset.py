"""Random transforms depend on the index's seed, with any generator."""

import functools
import pickle
import random
from random import choice

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset, RepeatDataset

from mmlhl.datasets.seeding import SeededDataset
from mmlhl.datasets.seeding.own_generators import own_generators
from mmlhl.draws import DrawnIndex, mixed_seed


class Own:
    """Draws with its own generators, as newer libraries of transforms do."""

    def __init__(self):
        self.python = random.Random()
        self.parts = [dict(old=np.random.RandomState(), new=np.random.default_rng())]
        self.torch = torch.Generator()
        self.by_method = WithMethod()

    def __call__(self, results):
        parts = self.parts[0]
        results["own"] = [
            self.python.random(),
            parts["old"].rand(),
            parts["new"].random(),
            torch.rand(1, generator=self.torch).item(),
            self.by_method.generator.random(),
        ]
        return results


class WithMethod:
    """As albumentations' Compose."""

    def __init__(self):
        self.generator = np.random.default_rng()

    def set_random_seed(self, seed):
        self.generator = np.random.default_rng(seed)


class Global:
    def __call__(self, results):
        results["drawn"] = [random.random(), np.random.rand(), torch.rand(1).item()]
        return results


MODULES_OWN, WITHIN = np.random.default_rng(), dict(python=random.Random(), made=WithMethod())


def drawn_by_a_helper():
    return WITHIN["python"].random() + WITHIN["made"].generator.random()


class OfModule:
    """Draws from variables of its module, by its own code and by that of a helper."""

    def __call__(self, results):
        results["own"] = [MODULES_OWN.random(), drawn_by_a_helper()]
        return results


class Unwilling:
    """Raises an error if it is looked at, and is no generator."""

    @property
    def __class__(self):
        raise RuntimeError("not now")


def with_an_unwilling(results, one=Unwilling()):  # noqa: B008
    return OfModule()(results)


def with_a_shared_method(results):
    results["own"] = [choice(range(10**9))]
    return results


def by_function(results):
    return OfModule()(results)


class Numbers(BaseDataset):
    def load_data_list(self):
        return [dict(number=number) for number in range(4)]

    def get_cat_ids(self, idx):
        return [idx % 2]


def plain(**changes):
    return Numbers(pipeline=[Own(), Global()], **changes)


WRAPPED = {
    "plain": plain,
    "repeated": lambda: RepeatDataset(plain(), times=3),
    "concatenated": lambda: ConcatDataset([plain(), plain()]),
    "balanced": lambda: ClassBalancedDataset(plain(), oversample_thr=0.9),
    "subset": lambda: torch.utils.data.Subset(plain(), [3, 2, 1]),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_sample_depends_on_its_seed_only(kind):
    dataset = SeededDataset(WRAPPED[kind]())
    index = DrawnIndex(len(dataset) - 1, 7)
    first = dataset[index]
    drawn = first["own"] + first["drawn"]
    assert len(set(drawn)) == len(drawn) == 8  # all samples differ
    dataset[DrawnIndex(0, 9)]
    assert dataset[index] == first
    assert pickle.loads(pickle.dumps(dataset))[pickle.loads(pickle.dumps(index))] == first
    assert dataset[DrawnIndex(index, 8)]["own"] != first["own"]
    assert SeededDataset(WRAPPED[kind]())[index] == first  # after an interruption


@pytest.mark.parametrize(
    "step", [OfModule(), by_function, with_an_unwilling, functools.partial(OfModule())]
)
def test_generators_of_a_module_are_seeded(step):
    dataset = SeededDataset(Numbers(pipeline=[step]))
    index = DrawnIndex(2, 7)
    first = dataset[index]["own"]
    assert dataset[index]["own"] == first != dataset[DrawnIndex(2, 8)]["own"]
    # a process that is started anew finds those of its own modules
    assert pickle.loads(pickle.dumps(dataset)).generators is None


def test_methods_of_a_global_generator_are_not_seeded_once_more():
    assert own_generators(with_a_shared_method) == []


def test_a_plain_index_leaves_draws_alone():
    random.seed(3)
    expected = random.random()
    random.seed(3)
    assert SeededDataset(plain())[0]["drawn"][0] == expected


def test_seeded_dataset_exposes_the_wrapped_dataset():
    inner = plain(metainfo=dict(classes=("a",)))
    dataset = SeededDataset(inner)
    assert dataset.metainfo == inner.metainfo and len(dataset) == 4
    other = Own()
    dataset.pipeline = other  # as hooks that switch augmentation off do
    assert inner.pipeline is other
    with pytest.raises(AttributeError):
        _ = dataset.nothing_of_the_kind


def test_generators_are_found_once_and_not_in_lists_of_samples():
    own = Own()
    assert len(own_generators([own, own, dict(again=own)])) == 5
    assert own_generators([random.Random() for _ in range(1000)]) == []


def test_generators_that_cannot_be_seeded_are_named(monkeypatch):
    messages = []
    where = "mmlhl.datasets.seeding.seeded_dataset.print_log"
    monkeypatch.setattr(where, lambda text, *_: messages.append(text))
    own = Own()
    own.python = random.SystemRandom()
    SeededDataset(Numbers(pipeline=[own])).full_init()
    assert messages == [
        "Numbers draws random numbers that no seed reaches: its augmentation differs when training "
        "is resumed"
    ]


def test_seeds_of_different_purposes_differ():
    parts = [(0, "a", 1), (0, "a", 2), (0, "b", 1), (1, "a", 1), (0, "a1")]
    seeds = {mixed_seed(*each) for each in parts}
    assert len(seeds) == 5 and all(0 <= seed < 2**63 for seed in seeds)
    assert mixed_seed(0, "a", 1) == mixed_seed(0, "a", 1)
