import random

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from mmlhl.models.methods.measuring import FixedDraws, choose_images, evaluating, gradients


class Drawing(Dataset):
    """A dataset of random numbers."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), torch.rand(1).item()


def test_draws_follow_the_index_and_leave_the_generators_alone():
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    fixed = FixedDraws(Drawing(), seed=2)
    items = [fixed[index] for index in (0, 3, 0)]
    assert items[0] == items[2] and len(set(items[0][1:] + items[1][1:])) == 6
    assert FixedDraws(Drawing(), seed=3)[0][1:] != items[0][1:]
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


def test_images_are_chosen_without_repetition(toy_runner):
    runner = toy_runner(*[(float(n), 0.0) for n in range(9)])
    assert choose_images(runner, None) == choose_images(runner, 99) == list(range(9))
    chosen = choose_images(runner, 4, seed=1)
    assert len(set(chosen)) == 4 and chosen == choose_images(runner, 4, seed=1)
    assert any(choose_images(runner, 4, seed=seed) != chosen for seed in range(5))


def test_modes_are_restored_even_after_an_error():
    model = torch.nn.Sequential(torch.nn.BatchNorm2d(1), torch.nn.Dropout())
    model[1].eval()
    with pytest.raises(RuntimeError), evaluating(model):
        assert not model.training and not model[0].training
        raise RuntimeError
    assert model.training and model[0].training and not model[1].training


def test_gradients_are_zero_where_nothing_depends_and_leave_grad_alone():
    used, unused = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))
    found = gradients((3 * used).sum(), {"used": used, "unused": unused})
    assert found["used"].tolist() == [3.0, 3.0] and found["unused"].tolist() == [0.0] * 3
    assert used.grad is None and unused.grad is None
