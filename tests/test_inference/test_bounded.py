"""A checkpoint's config builds no model that is far larger than the checkpoint."""

import pytest
import torch
from torch import nn

from mmlhl.checkpoints import StoredConfigError
from mmlhl.inference import load_model
from mmlhl.inference.bounded import huge_number, no_larger_than

from .changed_configs import with_config

STATE = dict(weight=torch.zeros(10))


def grow(config, key, value):
    config.model.heads.seg.decoder[key] = value


@pytest.mark.parametrize(
    "key, value, what",
    [
        ("num_convs", 10**6, "far more layers than the checkpoint's"),
        ("num_convs", 10**8, r"model\.heads\.seg\.decoder\.num_convs is 100000000"),
        ("channels", 2**23, ""),  # more values than the checkpoint's, or than the memory
        ("kernel_size", 10**30, "num_convs|kernel_size is a number of many digits"),
    ],
)
def test_a_config_that_would_build_for_ever(checkpoint, tmp_path, key, value, what):
    path = with_config(checkpoint, tmp_path / "x.pth", lambda cfg: grow(cfg, key, value))
    wanted = rf"x\.pth cannot be built from its config: .*{what}"
    with pytest.raises(StoredConfigError, match=wanted):
        load_model(path)
    load_model(checkpoint)  # the limit is gone with the model


@pytest.mark.parametrize(
    "build, what",
    [
        (lambda: [nn.ModuleList([nn.ReLU()]) for _ in range(10**6)], "far more layers"),
        (lambda: [nn.Sequential(*[nn.Identity()] * 10**6)], "far more layers"),
        (lambda: nn.Linear(2**14, 2**14, device="meta"), "far more values"),
        (lambda: nn.Module().register_buffer("a", torch.zeros(1).expand(2**27)), "far more values"),
    ],
)
def test_layers_weights_and_buffers_are_counted(build, what):
    with pytest.raises(ValueError, match=what), no_larger_than(STATE):
        build()


def test_usual_networks_are_built():
    with no_larger_than(STATE):
        nn.Sequential(*(nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)) for _ in range(100)))
    nn.Sequential(*[nn.Identity()] * 5000)
    assert huge_number(dict(a=[dict(b=2**20, c=1e30, d="9" * 99, e=True)])) is None
