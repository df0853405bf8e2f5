import torch
from mmseg.registry import MODELS

from mmlhl.models.methods import Naive


def test_naive_adds_no_loss_and_needs_no_teacher(model_config, samples):
    model = MODELS.build(
        model_config(tasks=["seg", "depth"], new_tasks=["depth"], method=dict(type="Naive"))
    ).train()
    assert isinstance(model.method, Naive) and not model.method.needs_teacher
    losses = model.loss(torch.randn(2, 3, 32, 48), samples())
    assert set(losses) == {"depth.loss_l1"}
    losses["depth.loss_l1"].backward()
    assert all(p.grad is None for p in model.heads["seg"].parameters())
    assert model.backbone.conv1.weight.grad is not None


def test_the_default_of_the_segmentor(model_config):
    config = model_config()
    config.pop("method")
    assert type(MODELS.build(config).method) is Naive
