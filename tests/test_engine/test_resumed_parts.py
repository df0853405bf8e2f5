"""Moments and schedules of another training than the config's."""

from types import SimpleNamespace

import pytest
import torch

from mmlhl.engine.resumed_parts import check_moments, check_schedules


def stepped(kind, **options):
    weight = torch.nn.Parameter(torch.ones(2, 3))
    optimizer = kind([weight], lr=0.1, **options)
    weight.grad = torch.ones(2, 3)
    optimizer.step()
    return weight, optimizer


KINDS = [(torch.optim.SGD, "momentum_buffer"), (torch.optim.AdamW, "exp_avg")]
KINDS += [(torch.optim.RMSprop, "square_avg"), (torch.optim.Adagrad, "sum")]


@pytest.mark.parametrize("kind, name", KINDS)
def test_moments(kind, name):
    weight, optimizer = stepped(kind, **(dict(momentum=0.9) if name == "momentum_buffer" else {}))
    wrapper = SimpleNamespace(optimizer=optimizer)
    check_moments(wrapper)
    for spoilt in (torch.ones(3, 2), torch.ones(2), "x", 3.0):
        optimizer.state[weight][name] = spoilt
        for each in (wrapper, {"one": wrapper}):
            with pytest.raises(ValueError, match=rf"{name} of a weight of the shape \(2, 3\)"):
                check_moments(each)


def test_moments_that_are_not_there():
    for kind in (torch.optim.SGD, torch.optim.Adam):
        check_moments(SimpleNamespace(optimizer=stepped(kind)[1]))


@pytest.mark.parametrize(
    "own, stored",
    [([1, 2], [1]), ([1], None), ([1], []), ([], [1]), (dict(type="PolyLR"), [1, 2])],
)
def test_schedules_that_are_missing(own, stored):
    with pytest.raises(ValueError, match="param_scheduler has"):
        check_schedules(own, stored)


@pytest.mark.parametrize("own, stored", [(None, None), ([1], [2]), (dict(a=[1]), dict(a=[1]))])
def test_schedules_that_fit(own, stored):
    check_schedules(own, stored)
