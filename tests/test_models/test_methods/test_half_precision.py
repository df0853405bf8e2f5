"""Every method with every head in bfloat16 on a CPU, and with outputs in float16."""

import copy
import functools
import math

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmlhl.engine import AmpOptimWrapper

from .test_contract import METHODS, Run, build, first_phase, options_of, step_of

#: of this package; those of the contract's test are derived from them
OURS = ["SegmentationHead", "DepthHead", "NormalHead", "ChannelHead", "BinaryHead"]
CASES = [
    (kind, name)
    for kind in METHODS
    for name in OURS
    if kind != "HADHeteroAKD" or name == "SegmentationHead"
]


def second_phase(kind, name):
    """A model as the first step of phase two finds it."""
    return copy.deepcopy(_begun(kind, name))


@functools.cache
def _begun(kind, name):
    previous = first_phase(kind, name)
    torch.manual_seed(0)
    model = build(options_of(kind, name), name, "later")
    model.load_state_dict({**model.state_dict(), **previous.state_dict()})
    model.method.load_state_dict(copy.deepcopy(previous.method.state_dict()))
    if model.method.needs_teacher:
        teacher = build(dict(type="Naive"), name, "first")
        teacher.load_state_dict(previous.state_dict())
        model.set_teacher(teacher)
    model.method.begin_phase(model, Run(name))
    return model


def step(model, name, wrapper):
    """Losses and gradients of a step as the training loop takes it."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.01)
    wrapper, seen = wrapper(optimizer=optimizer), []
    optimizer.register_step_pre_hook(
        lambda *_: seen.append(torch.cat([p.grad.flatten() for p in trained]))
    )
    torch.manual_seed(0)
    with wrapper.optim_context(model):
        losses = model.loss(*step_of(model, name, 0))
        total, logged = model.parse_losses(losses)
    wrapper.update_params(total)
    assert {p.dtype for p in trained} == {torch.float32}
    return {key: float(value) for key, value in logged.items() if "loss" in key}, seen[0]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_bfloat16(kind, name):
    exact, wanted = step(second_phase(kind, name), name, OptimWrapper)
    losses, gradient = step(second_phase(kind, name), name, AmpOptimWrapper)
    assert losses.keys() == exact.keys()
    for key, value in losses.items():
        assert value == pytest.approx(exact[key], rel=0.05, abs=0.05), key
    assert gradient.isfinite().all()
    # HAD's groups of an untrained depth, nearly the same everywhere, depend on the last bit
    least = 0.7 if (kind, name) == ("HAD", "DepthHead") else 0.97
    assert torch.cosine_similarity(gradient, wanted, dim=0) > least


#: each loss that a method has is in one of these
LOSSES = ("HAD", "HADRelease", "HADHeteroAKD", "ICaRL", "Composite")


@pytest.mark.parametrize(("kind", "name"), [case for case in CASES if case[0] in LOSSES])
def test_outputs_in_float16(kind, name):
    """Maps as a GPU gives them, as large as half of float16's range: no loss overflows."""
    model = second_phase(kind, name)

    def halve(module, given, out):
        return (out * (30000 / out.detach().abs().amax().clamp(min=1e-6))).half()

    for network in filter(None, (model, model.teacher)):
        for head in network.heads.values():
            head.decoder.register_forward_hook(halve)
    losses, gradient = step(model, name, OptimWrapper)
    assert all(map(math.isfinite, losses.values())), losses
    assert gradient.isfinite().all()


def test_a_cpu_has_bfloat16_only():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    for dtype, message in (("bf16", "must be one of"), ("float16", "only")):
        with pytest.raises(ValueError, match=f"dtype.*{message}.*{dtype}"):
            AmpOptimWrapper(optimizer=optimizer, dtype=dtype)
    wrapper = AmpOptimWrapper(optimizer=optimizer, dtype=torch.bfloat16)
    state = wrapper.state_dict()
    assert state["loss_scaler"] == {}
    wrapper.load_state_dict(state)
