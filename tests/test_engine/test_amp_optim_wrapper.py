"""Mixed precision that is resumed on another device."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmlhl.engine import AmpOptimWrapper
from mmlhl.engine.hooks import RankStateHook
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


@pytest.mark.parametrize("before, now", [(1024.0, 256.0), (1024.0, None), (None, 64.0)])
@pytest.mark.parametrize("value", [3.0, 3e38])
def test_gradients_that_wait_for_more_are_of_the_present_scale(before, now, value):
    built, weight = wrapper(False)
    built._inner_count, built._accumulative_counts = 1, 2
    without = built.loss_scaler
    built.loss_scaler = GradScaler("cpu", init_scale=before) if before else without
    built.loss_scaler.scale((weight * value).sum()).backward()  # 3e38 overflows in the gradient
    model = nn.ParameterDict(dict(weight=weight))
    runner = SimpleNamespace(model=model, hooks=[], optim_wrapper=built, _resume=True)
    hook, again, stored = RankStateHook(), RankStateHook(), dict(state_dict={})
    hook.before_checkpoint(runner)
    hook.before_save_checkpoint(runner, stored)
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    state = dict(meta=dict(epoch=1, iter=1), optimizer=built.state_dict(), message_hub=hub)
    assert state_problem({**state, **stored}) is None
    weight.grad = None
    built.loss_scaler = GradScaler("cpu", init_scale=now) if now else without
    again.after_load_checkpoint(runner, copy.deepcopy(stored))
    again.before_train(runner)
    wanted = torch.tensor(value) * (before or 1.0) / (before or 1.0) * (now or 1.0)
    assert weight.grad.tolist() == [wanted.item()] * 2


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
