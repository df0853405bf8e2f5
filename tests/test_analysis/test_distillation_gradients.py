"""Strength and place of a distillation loss's gradient, by hand."""

import pytest
import torch

from mmlhl.analysis.distillation_gradients import METHODS, Pulls, pull, shares
from mmlhl.models.heads import DepthHead


def test_by_hand(decoder_config):
    distance = torch.tensor([0.01, 0.02, 0.1, 0.2, 0.4, 0.4, 0.5, 0.8, 1.0, 2.0]).view(1, 2, 5)
    label = torch.zeros(1, 1, 2, 5)
    factor = torch.ones(1, requires_grad=True)
    head = DepthHead(decoder_config())

    def pulled(name):
        return pull(METHODS[name], head, factor * distance[:, None], label, [factor])

    value, length, vector = pulled("LwF")
    assert vector.tolist() == pytest.approx([0.543])  # d mean(f L) / df
    assert value == pytest.approx(0.543) and torch.allclose(length, torch.full((1, 2, 5), 0.1))
    near, far = shares(length, distance)
    assert near.tolist() == pytest.approx([10.0]) and far.tolist() == pytest.approx([10.0])
    # the geometric mean G of n pixels: dG / dL_i = G / (n L_i), and half of it in HAD
    value, length, vector = pulled("HAD, DB")
    geometric = distance.log().mean().exp()
    assert value == pytest.approx(float(geometric) / 2)
    assert torch.allclose(length, geometric / (20 * distance))
    near, far = shares(length, distance)
    weights = 1 / distance.flatten()
    assert near.item() == pytest.approx(100 * float(weights[0] / weights.sum()))
    assert far.item() == pytest.approx(100 * float(weights[-1] / weights.sum()))


def test_agreement_of_images():
    def agreement(*vectors):
        pulls = Pulls()
        for vector in vectors:
            ones = torch.ones(1, 2, 5)
            pulls.add(1.0, ones, torch.tensor(vector), ones)
        return pulls.agreement

    assert agreement([3.0, 0.0], [1.0, 0.0]) == pytest.approx(100)
    assert agreement([1.0, 0.0], [0.0, 1.0]) == pytest.approx(100 / 2**0.5)
    assert agreement([1.0, 0.0], [-1.0, 0.0]) == 0
