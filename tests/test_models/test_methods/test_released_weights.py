"""Weights that are frozen in one phase and trained in the next are protected like others."""

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.methods import EWC, SGP, SPG


def frozen(model):
    model.backbone.weight.requires_grad_(False)
    return model


ROWS = (1.0, 2.0), (3.0, 0.0)


def test_fisher_information_of_frozen_weights(toy_model, toy_runner):
    resting, learning = EWC(), EWC()
    model = frozen(toy_model((0.5, -1.0)))
    resting.end_phase(model, toy_runner(*ROWS))
    learning.end_phase(toy_model((0.5, -1.0)), toy_runner(*ROWS))
    assert not model.backbone.weight.requires_grad
    assert resting.fisher["backbone.weight"].tolist() == [5.0, 2.0]
    assert torch.equal(*(m.fisher["backbone.weight"] for m in (resting, learning)))
    assert resting.centre["backbone.weight"].tolist() == [0.5, -1.0]
    released = toy_model((1.5, -1.0), heads=("a", "b"), new_tasks=("b",))
    resting.begin_phase(released, None)
    assert resting.losses(released, None)["loss_ewc"].item() == pytest.approx(500 * 5.0)


def test_normalised_over_what_is_trained(toy_model, toy_runner):
    method = EWC(normalize=True)
    method.end_phase(frozen(toy_model()), toy_runner(*ROWS))  # nothing is: over all
    torch.testing.assert_close(method.fisher["backbone.weight"], torch.tensor([10 / 7, 4 / 7]))


def test_importance_of_frozen_weights(toy_model, toy_runner):
    resting, learning = SPG(), SPG()
    resting.end_phase(frozen(toy_model()), toy_runner(*ROWS))
    learning.end_phase(toy_model(), toy_runner(*ROWS))
    held = resting.importance["backbone.weight"]
    assert torch.equal(held, learning.importance["backbone.weight"]) and held.max() > 0
    released = toy_model(heads=("a", "b"), new_tasks=("b",))
    resting.begin_phase(released, None)
    ((weight, edit), *_) = resting.step_edits(released)
    assert torch.equal(edit(torch.ones(2)), 1 - held) and weight is released.backbone.weight
    # new heads are slowed by the protection of trained weights: not while all are frozen
    resting.begin_phase(frozen(toy_model(heads=("a", "b"), new_tasks=("b",))), None)
    assert resting._average == 0.0


def test_bases_of_frozen_layers(model_config, image_runner):
    model = model_config(tasks=["seg"], new_tasks=["seg"], method=dict(type="SGP"))
    model["backbone"]["frozen_stages"] = 1
    built = MODELS.build(model).train()
    method = SGP(images=2, patches=20)
    method.end_phase(built, image_runner())
    assert not built.backbone.conv1.weight.requires_grad
    for name in ("backbone.conv1", "backbone.layer1.0.conv1", "backbone.layer4.0.conv1"):
        assert method.bases[name].shape[1] > 0
    edited = {id(weight) for weight, _ in method.step_edits(built)}
    assert id(built.backbone.conv1.weight) not in edited  # it is frozen in any case
    built.backbone.conv1.weight.requires_grad_(True)
    edits = {id(weight): edit for weight, edit in method.step_edits(built)}
    step = torch.randn_like(built.backbone.conv1.weight)
    kept = edits[id(built.backbone.conv1.weight)](step)
    assert 0 < kept.norm() < step.norm()
