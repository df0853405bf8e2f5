import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.heads import ChannelHead
from mmlhl.models.methods import LwF


def test_mean_over_the_valid_pixels_of_each_image_by_hand(decoder_config):
    head = ChannelHead(decoder_config(), 1, "edge_map")
    teacher = torch.zeros(2, 1, 1, 3)
    student = torch.tensor([[1.0, 3.0, 50.0], [6.0, 50.0, 50.0]]).view(2, 1, 1, 3)
    valid = torch.tensor([[[True, True, False]], [[True, False, False]]])
    losses = LwF().distill(head, student, teacher, valid)
    assert set(losses) == {"loss_lwf"}
    assert losses["loss_lwf"].item() == pytest.approx((2 + 6) / 2)


def test_weight_is_shared_by_old_tasks(model_config, samples):
    torch.manual_seed(1)
    model = MODELS.build(
        model_config(tasks=["seg", "depth", "normal"], new_tasks=["normal"])
    ).train()
    model.set_teacher(MODELS.build(model_config(tasks=["seg", "depth"])))
    inputs = torch.randn(2, 3, 32, 48)
    step = model.make_step(inputs, samples(), taught=True)
    losses = LwF(loss_weight=4.0).losses(model, step)
    assert set(losses) == {"seg.loss_lwf", "depth.loss_lwf"}
    labels = step.teacher.labels
    head = model.heads["depth"]
    pred = head.activate(head(step.feats), (32, 48))
    expected = 4 / 2 * (pred - labels["depth"]).abs().mean()
    torch.testing.assert_close(losses["depth.loss_lwf"], expected)
    sum(losses.values()).backward()
    assert model.backbone.conv1.weight.grad.abs().sum() > 0
    # no teacher and no old task in the first phase
    model.new_tasks = model.tasks
    assert LwF().losses(model, step) == {}


def test_wrong_weight():
    with pytest.raises(ValueError, match="LwF: loss_weight must be >= 0, got -3"):
        LwF(loss_weight=-3)
