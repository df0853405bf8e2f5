"""An optimiser that cannot take the steps of training is refused, and a trial leaves no trace."""

import copy

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper

from mmlhl.engine.phases.trials.optimiser import try_optimisers


class Counting(torch.optim.SGD):
    """Counts its steps in its groups, as optimisers with a schedule of their own."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["lr"] *= 2
            group["k"] = group.get("k", 0) + 1
        return super().step(closure)


def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Linear(4, 2))


def wrapped(name, model, **options):
    kind = Counting if name == "Counting" else name
    cfg = dict(type="OptimWrapper", optimizer=dict(type=kind, lr=0.1, **options))
    return build_optim_wrapper(model, cfg)


@pytest.mark.parametrize("name", ["SparseAdam", "LBFGS"])
@pytest.mark.parametrize("several", [False, True], ids=["alone", "one of two"])
def test_what_cannot_step_is_refused(name, several):
    model = net()
    wrapper = wrapped(name, model)
    if several:
        wrapper = OptimWrapperDict(a=wrapped("SGD", model), b=wrapper)
    with pytest.raises(ValueError, match=rf"^optimizer \({name}\) cannot take the steps of train"):
        try_optimisers(wrapper)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", dict(momentum=0.9, weight_decay=0.1)),
        ("AdamW", dict(weight_decay=0.1)),
        ("RMSprop", dict(centered=True)),
        ("Rprop", {}),
        ("ASGD", {}),
        ("Counting", dict(weight_decay=0.5)),
    ],
)
def test_a_trial_leaves_no_trace(name, options):
    model, other = net(), net()
    model[0].weight.requires_grad_(False)
    wrapper, untried = wrapped(name, model, **options), wrapped(name, other, **options)
    other[0].weight.requires_grad_(False)
    model[1].bias.grad = torch.ones(2)
    try_optimisers(wrapper)
    assert model[1].bias.grad.tolist() == [1, 1] and model[1].weight.grad is None
    assert wrapper.optimizer.state_dict() == untried.optimizer.state_dict()
    for each in (model, other):
        for weight in each[1].parameters():
            weight.grad = torch.ones_like(weight)
    wrapper.optimizer.step()
    untried.optimizer.step()
    assert all(map(torch.equal, model.parameters(), other.parameters()))


def test_a_wrapper_without_weights_to_train():
    model = net().requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    try_optimisers(OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0)))
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("several", [False, True], ids=["alone", "one of two"])
def test_rates_that_are_all_zero_are_refused(several):
    model = net()
    wrapper = wrapped("SGD", model)
    for group in wrapper.optimizer.param_groups:
        group["lr"] = 0.0
    if several:
        wrapper = OptimWrapperDict(a=wrapped("SGD", model), b=wrapper)
    with pytest.raises(ValueError, match="^the learning rate of all weights is 0, so nothing"):
        try_optimisers(wrapper)
    part = wrapped("SGD", model)
    part.optimizer.add_param_group(dict(params=[torch.nn.Parameter(torch.ones(1))], lr=0.0))
    try_optimisers(part)  # some are frozen
