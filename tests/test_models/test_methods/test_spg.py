import math

import pytest
import torch

from mmlhl.models.methods import SPG
from mmlhl.models.methods.spg import importance


def test_importance_by_hand():
    # mean 2, unbiased standard deviation 2: standardised -1, 0, 1
    found = importance(torch.tensor([0.0, 2.0, 4.0]))
    expected = math.tanh(1)
    torch.testing.assert_close(found, torch.tensor([expected, 0.0, expected]))
    half = importance(torch.tensor([0.0, 2.0, 4.0]), strength=0.5)
    assert half[0].item() == pytest.approx(math.tanh(0.5))


def test_importance_is_independent_of_units():
    gradient = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(importance(gradient), importance(1000 * gradient))
    for nothing in (torch.zeros(3), torch.ones(3), torch.tensor([5.0]), torch.tensor(5.0)):
        assert torch.equal(importance(nothing), torch.zeros_like(nothing))
    assert importance(gradient.half()).dtype == torch.float32


def test_importances_are_those_of_summed_gradients_and_accumulate_by_maximum(toy_model, toy_runner):
    method = SPG()
    method.end_phase(toy_model(), toy_runner((1.0, 2.0), (3.0, 0.0), (0.0, 6.0)))
    expected = importance(torch.tensor([4.0, 8.0]))
    torch.testing.assert_close(method.importance["backbone.weight"], expected)
    method.importance["backbone.weight"] = torch.tensor([0.1, 0.9])
    method.end_phase(toy_model(), toy_runner((1.0, 2.0)))
    assert method.importance["backbone.weight"].tolist() == pytest.approx([expected[0].item(), 0.9])


def test_older_heads_take_part_by_the_sum_of_their_outputs(build, image_runner):
    model = build(dict(type="SPG"))
    runner = image_runner(2)
    sums = model.method._measure(model, runner)
    assert set(sums) == {"depth", "seg"}
    model.eval()
    loader = runner.train_dataloader
    inputs = model.data_preprocessor(next(iter(loader)), training=True)["inputs"]
    model.heads["seg"](model.extract_feat(inputs)).sum().backward()
    for name, parameter in model.backbone.named_parameters():
        torch.testing.assert_close(sums["seg"][f"backbone.{name}"], parameter.grad)
    assert set(build(dict(type="SPG", cross_head=False)).method._measure(model, runner)) == {
        "depth"
    }


@pytest.fixture
def masked(toy_model):
    """A method with importances 0.25 and 1, a model and its weight."""
    method = SPG()
    method.importance = {"backbone.weight": torch.tensor([0.25, 1.0])}
    model = toy_model((1.0, 1.0), heads=("a", "b"), new_tasks=("b",))
    model.heads["b"].scale = torch.nn.Parameter(torch.tensor(1.0))
    method.begin_phase(model, None)
    return method, model


def take_step(method, model, optimizer, gradient=(2.0, 2.0)):
    model.backbone.weight.grad = torch.tensor(gradient)
    model.heads["b"].scale.grad = torch.tensor(2.0)
    method.edit_gradients(model)
    optimizer.step()
    method.edit_weights(model)


@pytest.mark.parametrize("edits", ["update", "gradient"])
def test_sgd_steps_are_masked_either_way(masked, edits):
    method, model = masked
    method.edits = edits
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    take_step(method, model, optimizer)
    # w - lr (1 - importance) g; the new head by the mean of 1 - importance
    assert model.backbone.weight.tolist() == pytest.approx([1 - 0.2 * 0.75, 1.0])
    assert model.heads["b"].scale.item() == pytest.approx(1 - 0.2 * 0.375)
    take_step(method, model, optimizer)
    assert model.backbone.weight[0].item() == pytest.approx(1 - 0.15 - 0.15 * 1.9)
    assert model.backbone.weight[1].item() == 1.0


def test_adam_cancels_masks_on_gradients_but_not_on_steps(masked):
    method, model = masked
    method.importance["backbone.weight"] = torch.tensor([0.25, 0.75])
    take_step(method, model, torch.optim.Adam(model.parameters(), lr=0.1))
    assert model.backbone.weight.tolist() == pytest.approx([1 - 0.075, 1 - 0.025], abs=1e-5)
    method.edits = "gradient"
    with torch.no_grad():
        model.backbone.weight.fill_(1.0)
    take_step(method, model, torch.optim.Adam(model.parameters(), lr=0.1))
    assert model.backbone.weight.tolist() == pytest.approx([0.9, 0.9], abs=1e-5)


def test_the_first_phase_is_free(toy_model):
    assert SPG().step_edits(toy_model()) == []


def test_state(masked, round_trip):
    round_trip(masked[0], SPG())


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="SPG: edits must be one of"):
        SPG(edits="weights")
    with pytest.raises(ValueError, match="strength must be a number > 0"):
        SPG(strength=0)


def test_a_sequence(two_phases):
    run = two_phases(dict(type="SPG"))
    before, after = (checkpoint["state_dict"] for checkpoint in run.checkpoints)
    masks = run.checkpoints[0]["lifelong_method"]["importance"]
    later = run.checkpoints[1]["lifelong_method"]["importance"]
    assert all((later[name] >= mask).all() for name, mask in masks.items())
    assert all(0 <= mask.min() and mask.max() <= 1 for mask in masks.values())
    # Adam moves every weight by at most lr a step; three steps of 2e-3, masked
    for name, mask in masks.items():
        moved = (after[name] - before[name]).abs()
        assert (moved <= 6.1e-3 * (1 - mask) + 1e-7).all(), name
        assert moved.max() > 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_gradients_that_are_not_finite_are_not_taken_for_unimportant_ones(value):
    assert importance(torch.tensor([1.0, value, 2.0])).isnan().any()
    assert importance(torch.ones(3)).tolist() == [0, 0, 0]
