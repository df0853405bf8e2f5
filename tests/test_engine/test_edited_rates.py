"""A learning rate, option or schedule edited in mid-phase applies to the rest of the phase."""

import copy
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import (
    CosineAnnealingLR,
    LinearLR,
    OptimWrapper,
    OptimWrapperDict,
    PolyLR,
)

from mmlhl.engine.edited_rates import take_new_rates


def built(schedules=(), optimizer=torch.optim.SGD, groups=1, steps=0, **options):
    """A runner's optimiser and schedules after so many epochs, and what a checkpoint keeps."""
    weights = [dict(params=[torch.nn.Parameter(torch.ones(1))]) for _ in range(groups)]
    wrapper = OptimWrapper(optimizer(weights, **options))
    made = [kind(wrapper, **each) for kind, each in schedules]
    for _ in range(steps):
        wrapper.optimizer.step()
        for each in made:
            each.step()
    runner = SimpleNamespace(optim_wrapper=wrapper, param_schedulers=made)
    states = [copy.deepcopy(each.state_dict()) for each in made]
    return runner, dict(optimizer=copy.deepcopy(wrapper.state_dict()), param_schedulers=states)


def resumed(runner, checkpoint):
    """The rates that follow, epoch by epoch."""
    take_new_rates(runner, checkpoint)
    runner.optim_wrapper.load_state_dict(checkpoint["optimizer"])
    for each, state in zip(runner.param_schedulers, checkpoint["param_schedulers"], strict=True):
        each.load_state_dict(state)
    rates = []
    for _ in range(4):
        rates.append(runner.optim_wrapper.param_groups[0]["lr"])
        for each in runner.param_schedulers:
            each.step()
    return rates


POLY = [(PolyLR, dict(begin=0, end=10, power=1.0, eta_min=0.0))]


def test_nothing_edited_changes_nothing():
    _, checkpoint = built(POLY, steps=3, lr=1.0)
    then = copy.deepcopy(checkpoint)
    assert resumed(built(POLY, lr=1.0)[0], checkpoint) == pytest.approx(
        [k / 9 for k in (6, 5, 4, 3)]
    )
    assert checkpoint == then


def test_edited_learning_rate_scales_the_scheduled_rate():
    _, checkpoint = built(POLY, steps=3, lr=1.0, momentum=0.9)
    runner, _ = built(POLY, lr=0.1, momentum=0.5, weight_decay=0.3)
    assert resumed(runner, checkpoint) == pytest.approx([k / 90 for k in (6, 5, 4, 3)])
    (group,) = runner.optim_wrapper.param_groups
    assert group["initial_lr"] == 0.1 and group["momentum"] == 0.5 and group["weight_decay"] == 0.3


def test_without_a_schedule():
    _, checkpoint = built(lr=1.0, optimizer=torch.optim.Adam)
    runner, _ = built(lr=0.25, optimizer=torch.optim.Adam)
    assert resumed(runner, checkpoint) == [0.25] * 4


def test_longer_schedule_continues_from_the_present_rate():
    """Of nine steps down three are done; of nineteen, sixteen are left from there to 0."""
    _, checkpoint = built(POLY, steps=3, lr=1.0)
    longer = [(PolyLR, dict(begin=0, end=20, power=1.0, eta_min=0.0))]
    rates = resumed(built(longer, lr=1.0)[0], checkpoint)
    assert rates == pytest.approx([6 / 9 * (1 - k / 16) for k in range(4)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(schedules=POLY, groups=2), "paramwise_cfg"),
        (dict(schedules=POLY, optimizer=torch.optim.Adam), "optim_wrapper.optimizer.type"),
        (dict(), "param_scheduler has 0 schedules in place of 1"),
        (
            dict(schedules=[(CosineAnnealingLR, dict(T_max=10))]),
            r"param_scheduler\[0\] is another schedule",
        ),
        (dict(schedules=[(LinearLR, dict(start_factor=0.1))] * 2), "has 2 schedules"),
    ],
)
def test_schedules_that_cannot_continue_are_named(options, message):
    _, checkpoint = built(POLY, steps=3, lr=1.0)
    with pytest.raises(ValueError, match=message):
        take_new_rates(built(lr=1.0, **options)[0], checkpoint)


def test_several_optimisers_each_by_its_name():
    parts = {name: built(POLY, steps=3, lr=1.0) for name in ("encoder", "heads")}
    checkpoint = {
        key: {name: kept[key] for name, (_, kept) in parts.items()}
        for key in ("optimizer", "param_schedulers")
    }
    now = {"encoder": built(POLY, lr=0.1)[0], "heads": built(POLY, lr=1.0)[0]}
    runner = SimpleNamespace(
        optim_wrapper=OptimWrapperDict(**{name: each.optim_wrapper for name, each in now.items()}),
        param_schedulers={name: each.param_schedulers for name, each in now.items()},
    )
    take_new_rates(runner, checkpoint)
    rates = {n: state["param_groups"][0]["lr"] for n, state in checkpoint["optimizer"].items()}
    assert rates == pytest.approx({"encoder": 6 / 90, "heads": 6 / 9})
    last = {n: states[0]["_last_value"] for n, states in checkpoint["param_schedulers"].items()}
    assert last["encoder"] == pytest.approx([6 / 90]) and last["heads"] == pytest.approx([6 / 9])
    checkpoint["optimizer"]["other"] = checkpoint["optimizer"].pop("heads")
    with pytest.raises(ValueError, match=r"optim_wrapper has optimisers \['encoder', 'heads'\]"):
        take_new_rates(runner, checkpoint)
