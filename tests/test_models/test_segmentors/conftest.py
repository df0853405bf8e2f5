"""Tiny lifelong segmentors, and images for them."""

from __future__ import annotations

import pytest
import torch
from mmseg.registry import MODELS


@pytest.fixture
def build(model_config):
    """A function: a model with random weights, in evaluation mode."""

    def model(tasks=None, seed=0, **changes):
        torch.manual_seed(seed)
        if tasks is not None:
            changes["tasks"] = tasks
        built = MODELS.build(model_config(**changes))
        built.init_weights()
        return built.eval()

    return model


@pytest.fixture
def images():
    """A function: random images, as the preprocessor puts them out."""

    def make(n=2, size=(32, 48), seed=0):
        return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(seed))

    return make
