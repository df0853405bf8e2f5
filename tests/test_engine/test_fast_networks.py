"""Compiled, channels last or in bfloat16, a step has the same values."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn

from mmlhl.analysis.benchmarks.step_models import workload
from mmlhl.engine.hooks import NetworkHook
from mmlhl.engine.hooks.network_hook import prepare
from mmlhl.engine.phases.trials.build import build_hook


@pytest.fixture(scope="module")
def given(model_config):
    init_default_scope("mmseg")
    config = Config(dict(model=model_config()))
    config.model.backbone.update(stem_channels=8, base_channels=8)
    config.model.heads.seg.decoder.in_channels = 64
    return workload(config, 4, 2, (32, 48))


@pytest.fixture
def model(given):
    torch.manual_seed(0)
    return given.student(dict(type="HAD"))


def losses(model, given):
    found = model.loss(given.inputs, given.samples)
    model.zero_grad()
    model.parse_losses(found)[0].backward()
    return {name: value.detach() for name, value in found.items() if "loss" in name}


def test_channels_last_changes_nothing_but_the_memory(model, given):
    before = losses(model, given)
    shapes = []
    hook = NetworkHook(channels_last=True)
    hook.before_train(SimpleNamespace(model=model))
    for network in (model, model.teacher):
        network.backbone.conv1.register_forward_pre_hook(lambda _, x: shapes.append(x[0].stride()))
        assert network.backbone.conv1.weight.is_contiguous(memory_format=torch.channels_last)
    after = losses(model, given)
    assert shapes == [(32 * 48 * 3, 1, 48 * 3, 3)] * 2  # student's and teacher's
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_channels_last_has_the_same_gradients(given):
    # of smooth losses: HAD's mask of salient pixels jumps
    model = given.student(dict(type="Naive"), given.tasks)
    losses(model, given)
    before = torch.cat([p.grad.flatten() for p in model.parameters()])
    prepare(model, None, channels_last=True)
    losses(model, given)
    after = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert (after - before).norm() < 1e-4 * before.norm()


def test_bfloat16_is_near_and_losses_stay_in_float32(model, given):
    before = losses(model, given)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = OPTIM_WRAPPERS.build(
        dict(type="AmpOptimWrapper", dtype="bfloat16", optimizer=optimizer)
    )
    kinds = []
    for network in (model, model.teacher):
        network.backbone.layer1[0].conv1.register_forward_hook(lambda *x: kinds.append(x[2].dtype))
    with wrapper.optim_context(model):
        after = model.loss(given.inputs, given.samples)
    assert kinds == [torch.bfloat16] * 2
    for name, value in before.items():
        assert after[name].dtype == torch.float32
        torch.testing.assert_close(after[name].detach(), value, rtol=0.1, atol=0.02, msg=name)
    wrapper.update_params(model.parse_losses(after)[0])
    assert model.backbone.conv1.weight.dtype == torch.float32


def test_what_a_cpu_cannot_run_channels_last_is_refused(model_config):
    narrow = workload(Config(dict(model=model_config())), 2, 1, (32, 48)).teacher
    with pytest.raises(ValueError, match=r"layer2.0.downsample.0, .* 1x1 convolution of 4 chann"):
        prepare(narrow, None, channels_last=True)
    with pytest.raises(ValueError, match=r"layer2.0.downsample.0"):  # before phase one
        build_hook(dict(type="NetworkHook", channels_last=True), narrow)
    build_hook(dict(type="NetworkHook", compile=True), narrow)
    build_hook(dict(type="NetworkHook", channels_last=True))


class Layer(nn.Conv2d):
    """A user's own network."""

    def forward(self, x):
        return super().forward(x).relu()


def toy():
    """The networks of a segmentor."""
    head = SimpleNamespace(decoder=Layer(4, 2, 1))
    return SimpleNamespace(backbone=Layer(3, 4, 3), with_neck=False, heads=dict(a=head))


def test_encoder_and_decoders_are_compiled_in_place():
    model, inputs, graphs = toy(), torch.rand(1, 3, 8, 8), []

    def backend(graph, example):
        graphs.append(graph)
        return graph.forward

    expected = model.heads["a"].decoder(model.backbone(inputs))
    names = list(model.backbone.state_dict())
    prepare(model, dict(backend=backend), channels_last=False)
    found = model.heads["a"].decoder(model.backbone(inputs))
    assert torch.equal(found, expected) and len(graphs) == 2
    assert list(model.backbone.state_dict()) == names
    found.sum().backward()
    assert model.backbone.weight.grad is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [(dict(), "set compile or channels_last"), (dict(compile="inductor"), "got 'inductor'")],
)
def test_options_without_effect_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        NetworkHook(**options)
