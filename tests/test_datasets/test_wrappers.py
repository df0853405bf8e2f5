"""Datasets that wrap others."""

from types import SimpleNamespace

import pytest
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset
from torch.utils.data import Subset

from mmlhl.datasets.wrappers import wrapped


@pytest.mark.parametrize(
    ("outer", "count"),
    [
        (lambda leaf: RepeatDataset(leaf, 2), 1),
        (lambda leaf: ConcatDataset([leaf, leaf]), 2),
        (lambda leaf: Subset(leaf, [0]), 1),
        (lambda leaf: SimpleNamespace(dataset=None, datasets=(leaf,)), 1),
    ],
)
def test_the_datasets_inside(outer, count):
    leaf = BaseDataset(lazy_init=True)
    leaf.data_list, leaf.serialize_data, leaf._fully_initialized = [{}], False, True
    assert wrapped(leaf) == []
    assert [each is leaf for each in wrapped(outer(leaf))] == [True] * count
