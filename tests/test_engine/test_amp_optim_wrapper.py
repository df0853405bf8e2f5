"""Mixed precision that is resumed on another device."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmlhl.engine import AmpOptimWrapper
from mmlhl.engine.hooks.finite_checks import NotFinite, check_scale
from mmlhl.engine.training_state import state_problem

try:
    from torch.amp import GradScaler
except ImportError:
    pytest.skip("scaling on a CPU, which stands in for a GPU here", allow_module_level=True)


def wrapper(scaled):
    torch.manual_seed(0)
    weight = nn.Parameter(torch.ones(2))
    built = AmpOptimWrapper(optimizer=torch.optim.SGD([weight], lr=0.1, momentum=0.9))
    if scaled:
        built.loss_scaler = GradScaler("cpu", init_scale=64.0)
    built.update_params(weight.sum())
    return built, weight


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("now", [False, True])
def test_a_phase_goes_on_on_another_device(before, now):
    stored = copy.deepcopy(wrapper(before)[0].state_dict())
    if before:
        stored["loss_scaler"]["scale"] = 16.0
    kept = copy.deepcopy(stored)
    resumed, weight = wrapper(now)
    resumed.load_state_dict(stored)
    assert resumed.loss_scaler.get_scale() == (1.0 if not now else 16.0 if before else 64.0)
    momentum = resumed.optimizer.state[weight]["momentum_buffer"]
    assert torch.equal(momentum, kept["state"][0]["momentum_buffer"])
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    assert state_problem(dict(meta=dict(epoch=1, iter=1), optimizer=kept, message_hub=hub)) is None


@pytest.mark.parametrize("scale", ["static", None, True, [2.0]])
def test_other_scales_are_refused_on_every_device(scale):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1)
    with pytest.raises(ValueError, match="loss_scale must be 'dynamic', a number"):
        AmpOptimWrapper(loss_scale=scale, optimizer=optimizer)
    AmpOptimWrapper(loss_scale=512, optimizer=optimizer)


@pytest.mark.parametrize(
    "scale, taken, fine", [(1.0, True, True), (1.0, False, False), (1e-9, True, False)]
)
def test_steps_that_all_overflow(scale, taken, fine):
    optim_wrapper = wrapper(True)[0]
    optim_wrapper.loss_scaler.update(scale)
    runner = SimpleNamespace(optim_wrapper=optim_wrapper, experiment_name="run", iter=9)
    if fine:
        check_scale(runner, taken)
    else:
        with pytest.raises(NotFinite, match="overflow in each step, with the loss times 1"):
            check_scale(runner, taken)
    runner.optim_wrapper = wrapper(False)[0]  # a CPU's bfloat16
    check_scale(runner, taken)
