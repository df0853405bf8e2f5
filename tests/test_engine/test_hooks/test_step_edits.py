"""Optimisers that have to hold every trainable parameter."""

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from mmlhl.engine.hooks.step_edits import check_optimizer


def test_check_optimizer_by_hand():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))

    def wrapper(*parameters):
        return OptimWrapper(torch.optim.SGD(list(parameters), lr=1.0))

    class Runner:
        optim_wrapper = wrapper(*model.parameters())

    check_optimizer(model, Runner)
    Runner.optim_wrapper = wrapper(*model[0].parameters())
    with pytest.raises(RuntimeError, match=r"2 trainable parameters, such as \['1.weight'"):
        check_optimizer(model, Runner)
    # several wrappers, as for a GAN
    Runner.optim_wrapper = OptimWrapperDict(
        a=wrapper(*model[0].parameters()), b=wrapper(*model[1].parameters())
    )
    check_optimizer(model, Runner)
    model[1].requires_grad_(False)
    Runner.optim_wrapper = wrapper(*model[0].parameters())
    check_optimizer(model, Runner)
