import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.methods import EWC, base_method
from mmlhl.models.methods.ewc import add_quadratics, quadratic


def test_fisher_is_the_mean_of_squared_gradients_image_by_image(toy_model, toy_runner):
    # the loss of an image is w . x, its gradient x, whatever the loader's batches are
    method = EWC()
    method.end_phase(toy_model((0.5, -1.0)), toy_runner((1.0, 2.0), (3.0, 0.0)))
    assert method.fisher["backbone.weight"].tolist() == [5.0, 2.0]
    assert method.centre["backbone.weight"].tolist() == [0.5, -1.0]


def test_penalty_and_gradient(toy_model, toy_runner):
    method = EWC(loss_weight=10.0)
    method.end_phase(toy_model((0.5, -1.0)), toy_runner((1.0, 2.0), (3.0, 0.0)))
    model = toy_model((1.5, 1.0), heads=("a", "b"), new_tasks=("b",))
    method.begin_phase(model, None)
    loss = method.losses(model, None)["loss_ewc"]
    assert loss.item() == pytest.approx(10 / 2 * (5 * 1.0**2 + 2 * 2.0**2))
    loss.backward()
    assert model.backbone.weight.grad.tolist() == [10 * 5 * 1.0, 10 * 2 * 2.0]


def test_two_penalties_as_one_have_their_value_and_gradient():
    torch.manual_seed(0)
    weight, centre, other, new_centre = torch.rand(4, 6)
    weight[0] = other[1] = 0
    weight[2] = other[2] = 0
    total, middle, constant = add_quadratics(weight, centre, other, new_centre)
    for _ in range(3):
        x = torch.randn(6, requires_grad=True)
        apart = quadratic(x, weight, centre) + quadratic(x, other, new_centre)
        together = quadratic(x, total, middle) + constant
        assert together.item() == pytest.approx(apart.item(), rel=1e-5)
        grads = [torch.autograd.grad(value, x)[0] for value in (apart, together)]
        torch.testing.assert_close(*grads)


def test_phases_add_up_and_the_online_variant_decays(toy_model):
    phases = [(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 1.0]))]
    phases += [(torch.tensor([1.0, 4.0]), torch.tensor([0.0, 3.0]))]
    plain, online = EWC(loss_weight=2.0), EWC(loss_weight=2.0, online=True, decay=0.5)
    for fisher, centre in phases:
        for method in (plain, online):
            method.add({"backbone.weight": fisher}, {"backbone.weight": centre})
    model = toy_model((3.0, 2.0))
    # sum over phases: 2 (3-1)^2 + 0 + 1 (3-0)^2 + 4 (2-3)^2
    assert plain.losses(model, None)["loss_ewc"].item() == pytest.approx(8 + 9 + 4)
    # 0.5 * (2, 0) + (1, 4) around the newest weights
    assert online.losses(model, None)["loss_ewc"].item() == pytest.approx(2 * 9 + 4 * 1)


def test_normalized_fisher_has_mean_one(toy_model, toy_runner):
    method = EWC(normalize=True)
    method.end_phase(toy_model(), toy_runner((1.0, 2.0), (3.0, 0.0)))
    torch.testing.assert_close(method.fisher["backbone.weight"], torch.tensor([10 / 7, 4 / 7]))


def test_samples_limits_the_images(toy_model, toy_runner):
    method = EWC(samples=1)
    method.end_phase(toy_model(), toy_runner((1.0, 1.0), (2.0, 2.0), (3.0, 3.0)))
    assert method.fisher["backbone.weight"].tolist() in ([1.0] * 2, [4.0] * 2, [9.0] * 2)


@pytest.mark.parametrize("method", [dict(type="EWC"), dict(type="SPG")])
def test_a_backbone_that_recomputes_its_activations(build, image_runner, method):
    found = []
    for saving in (False, True):
        model = build(method, ["seg"], ["seg"])
        blocks = [module for module in model.modules() if hasattr(module, "with_cp")]
        for module in blocks:
            module.with_cp = saving
        model.method.end_phase(model, image_runner(1))
        assert blocks and all(module.with_cp is saving for module in blocks)
        found.append(getattr(model.method, "fisher" if method["type"] == "EWC" else "importance"))
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())


def test_leaves_the_model_as_it_was(build, image_runner):
    model = build(dict(type="EWC"), tasks=["seg"], new_tasks=["seg"])
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.method.end_phase(model, image_runner())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert all(module.training for module in model.modules())
    assert all(value.isfinite().all() for value in model.method.fisher.values())
    assert sum(value.sum() for value in model.method.fisher.values()) > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_finite_in_mixed_precision(build, image_runner, batch, dtype):
    first = build(dict(type="EWC"), tasks=["seg"], new_tasks=["seg"])
    first.method.end_phase(first, image_runner())
    model = build(dict(type="EWC"), seed=1)
    model.method.load_state_dict(first.method.state_dict())
    model.method.begin_phase(model, None)
    with torch.autocast("cpu", dtype=dtype):
        losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    assert losses["loss_ewc"].isfinite() and losses["loss_ewc"] > 0


def test_state(toy_model, toy_runner, round_trip):
    method = EWC()
    for row in ((1.0, 2.0), (3.0, 1.0)):
        method.end_phase(toy_model(row), toy_runner(row))
    assert method.constant > 0
    round_trip(method, EWC())


def test_a_phase_after_another_method_warns(toy_model, monkeypatch):
    message = []
    monkeypatch.setattr(base_method, "print_log", lambda text, *_: message.append(text))
    EWC().begin_phase(toy_model(), None)  # a first phase has no state
    assert message == []
    EWC().begin_phase(toy_model(heads=("a", "b"), new_tasks=("b",)), None)
    assert len(message) == 1 and "EWC" in message[0] and "['a']" in message[0]


def test_another_encoder_and_wrong_options_are_refused(build, toy_model, toy_runner):
    method = EWC()
    method.end_phase(toy_model(), toy_runner((1.0, 2.0)))
    with pytest.raises(ValueError, match="EWC remembers.*backbone.weight"):
        method.begin_phase(build(dict(type="EWC")), None)
    with pytest.raises(ValueError, match="decay must be a number within"):
        MODELS.build(dict(type="EWC", decay=2.0))
    with pytest.raises(ValueError, match="decay=0.5 has no effect without online=True"):
        MODELS.build(dict(type="EWC", decay=0.5))
    assert MODELS.build(dict(type="EWC", decay=0.95, online=False)).decay == 0.95


def test_a_sequence(two_phases):
    run = two_phases(dict(type="EWC", loss_weight=1.0, samples=2))
    states = [checkpoint["lifelong_method"] for checkpoint in run.checkpoints]
    fisher = [sum(value.sum() for value in state["fisher"].values()) for state in states]
    assert 0 < fisher[0] < fisher[1]
    assert run.record.phases[-1]["exemplars"] == 0
    assert len(run.record.phases) == 2
