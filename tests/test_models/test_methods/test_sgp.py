from types import SimpleNamespace

import pytest
import torch
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from torch import nn

from mmlhl.models.methods import SGP, step_editing
from mmlhl.models.methods.sgp import encoder_layers, inputs_of
from mmlhl.models.methods.sgp_maths import (
    extend_basis,
    input_patches,
    left_singular,
    project,
    scaled_importance,
)


@pytest.mark.parametrize(
    "layer, shape",
    [
        (nn.Linear(5, 3, bias=False), (2, 7, 5)),
        (nn.Conv2d(4, 6, 3, padding=1, bias=False), (2, 4, 6, 5)),
        (nn.Conv2d(4, 6, (3, 2), stride=2, dilation=2, padding=(2, 0), bias=False), (1, 4, 9, 8)),
        (nn.Conv2d(4, 6, 3, padding="same", dilation=2, bias=False), (1, 4, 6, 6)),
        (nn.Conv2d(4, 6, 4, padding="same", bias=False), (1, 4, 6, 6)),
        (nn.Conv2d(2, 2, 3, padding="valid", bias=False), (1, 2, 6, 6)),
        (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect", bias=False), (1, 2, 6, 6)),
        (Conv2dAdaptivePadding(2, 3, 5, stride=2, bias=False), (2, 2, 8, 7)),
        (Conv2dAdaptivePadding(2, 3, 5, stride=2, bias=False), (1, 2, 2, 3)),  # maps below 5 x 5
        (Conv2dAdaptivePadding(2, 3, (3, 1), stride=3, dilation=2, bias=False), (1, 2, 9, 8)),
    ],
)
def test_weight_times_patches_is_what_the_layer_puts_out(layer, shape):
    inputs = torch.randn(shape)
    expected = layer(inputs)
    out = layer.weight.flatten(1) @ input_patches(layer, inputs, expected.shape[2:])
    channels = 1 if layer.weight.ndim == 4 else -1
    torch.testing.assert_close(out, expected.movedim(channels, 0).flatten(1))


def test_groups_share_their_patches():
    layer = nn.Conv2d(6, 6, 3, groups=3, padding=1, bias=False)
    inputs = torch.randn(2, 6, 4, 5)
    patches = input_patches(layer, inputs)
    assert patches.shape == (2 * 9, 2 * 3 * 20)
    by_group = patches.view(18, 2, 3, 20)
    out = torch.einsum("god,dngl->ngol", layer.weight.view(3, 2, 18), by_group)
    torch.testing.assert_close(out.reshape(2, 6, 4, 5), layer(inputs))


@pytest.mark.parametrize("shape", [(6, 20), (20, 6)])
def test_left_singular_is_the_decomposition(shape):
    matrix = torch.randn(shape, dtype=torch.float64)
    vectors, values = left_singular(matrix)
    expected = torch.linalg.svd(matrix, full_matrices=False)
    torch.testing.assert_close(values, expected.S)
    torch.testing.assert_close((vectors.T @ expected.U).abs(), torch.eye(6).double())
    low = torch.randn(9, 2) @ torch.randn(2, 30)
    assert left_singular(low)[1].shape == (2,)


def test_importance_by_hand():
    found = scaled_importance(torch.tensor([4.0, 2.0, 0.0]), alpha=3.0)
    # (3 + 1) s / (3 s + 4)
    torch.testing.assert_close(found, torch.tensor([1.0, 0.8, 0.0]))


def test_two_phases_by_hand():
    # inputs along the axes with squared norms 16, 4, 1 of 21
    patches = torch.diag(torch.tensor([4.0, 2.0, 1.0]))
    basis, importance = extend_basis(None, None, patches, alpha=3.0, threshold=0.95)
    torch.testing.assert_close(basis.abs(), torch.eye(3)[:, :2])  # 20 / 21 is enough
    torch.testing.assert_close(importance, torch.tensor([1.0, 0.8]))
    # the second phase: 1 along the second axis, which is known, 9 along the third, new
    more = torch.diag(torch.tensor([0.0, 1.0, 3.0]))
    both, together = extend_basis(basis, importance, more, alpha=3.0, threshold=0.95)
    torch.testing.assert_close(both.abs(), torch.eye(3))
    # new values 0, 1, 3 scale to 0, 4/6, 1; old ones add up to at most 1
    torch.testing.assert_close(together, torch.tensor([1.0, 1.0, 1.0]))
    # 10 % of the norm is held already: nothing new, importances still grow
    same, grown = extend_basis(basis, torch.tensor([0.2, 0.3]), more, 3.0, threshold=0.05)
    assert same.shape == (3, 2)
    torch.testing.assert_close(grown, torch.tensor([0.2, 1.0]))


def test_basis_stays_orthonormal_and_within_its_limits():
    torch.manual_seed(0)
    basis = importance = None
    for _ in range(4):
        patches = torch.randn(12, 3) @ torch.randn(3, 50) + 0.1 * torch.randn(12, 50)
        basis, importance = extend_basis(basis, importance, patches, 10.0, 1.0, max_rank=4)
        torch.testing.assert_close(basis.T @ basis, torch.eye(basis.shape[1]), atol=1e-5, rtol=0)
        assert basis.shape[1] <= 12 and 0 <= importance.min() and importance.max() <= 1
    assert basis.shape[1] == 12
    nothing = extend_basis(basis, importance, torch.zeros(12, 5), 10.0, 0.99)
    assert torch.equal(nothing[0], basis) and torch.equal(nothing[1], importance)


@pytest.mark.parametrize("layer", [nn.Linear(8, 4), nn.Conv2d(2, 4, 2)])
def test_projected_steps_leave_outputs_on_old_inputs_as_they_were(layer):
    torch.manual_seed(0)
    rank = 3
    if isinstance(layer, nn.Linear):
        old, new = torch.randn(20, rank) @ torch.randn(rank, 8), torch.randn(20, 8)
    else:
        old, new = torch.randn(1, 2, 3, 2), torch.randn(1, 2, 9, 9)  # two patches
    patches = input_patches(layer, old)
    before = layer(old), layer(new)
    step = torch.randn_like(layer.weight)

    basis, _ = extend_basis(None, None, patches, alpha=1.0, threshold=1.0)
    with torch.no_grad():
        layer.weight += project(step, basis, torch.ones(basis.shape[1]))
    torch.testing.assert_close(layer(old), before[0], atol=1e-4, rtol=1e-4)
    assert (layer(new) - before[1]).abs().max() > 0.1

    # up to the importance: half of it lets half of the change through
    with torch.no_grad():
        layer.weight += project(step, basis, torch.full((basis.shape[1],), 0.5))
    change = step.flatten(1) @ patches / 2
    out = layer(old) - before[0]
    out = out.movedim(-1, 0) if isinstance(layer, nn.Linear) else out.movedim(1, 0)
    torch.testing.assert_close(out.flatten(1), change, atol=1e-4, rtol=1e-4)


def test_inputs_of_records_what_layers_see(build):
    model = build(dict(type="SGP")).eval()
    layers = encoder_layers(model)
    assert "backbone.conv1" in layers and not any(name.startswith("heads") for name in layers)
    with inputs_of(layers, 10, torch.Generator().manual_seed(0)) as columns:
        model.extract_feat(torch.randn(1, 3, 32, 48))
    assert set(columns) == set(layers)
    for name, layer in layers.items():
        assert columns[name].shape == (layer.weight[0].numel(), 10)
    with inputs_of(layers, 10, torch.Generator()) as nothing:
        pass
    model.extract_feat(torch.randn(1, 3, 32, 48))
    assert nothing == {}


def test_inputs_of_a_layer_that_runs_several_times_are_those_of_all_runs():
    """Such as a convolution that a neck shares between its levels."""
    layer = nn.Conv2d(2, 3, 1)
    levels = [torch.ones(1, 2, 4, 4), torch.full((1, 2, 2, 2), 2.0), torch.full((1, 2, 1, 1), 3.0)]
    with inputs_of({"shared": layer}, 3, torch.Generator().manual_seed(0)) as columns:
        for level in levels:
            layer(level)
    assert columns["shared"][0].tolist() == [1, 1, 1, 2, 2, 2, 3]


@pytest.fixture
def remembered(build, image_runner):
    """A segmentor in its second phase whose method preserves the whole span of the first."""
    options = dict(type="SGP", threshold=1.0, alpha=1e9, patches=5000)
    first = build(options, tasks=["seg"], new_tasks=["seg"])
    first.method.end_phase(first, image_runner(4))
    model = build(options, seed=1)
    model.load_state_dict(first.state_dict(), strict=False)
    model.method.load_state_dict(first.method.state_dict())
    model.method.begin_phase(model, None)
    return model


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_steps_of_a_network_keep_out_of_known_directions(remembered, batch, optimizer):
    model = remembered
    optimizer = optimizer([p for p in model.parameters() if p.requires_grad], lr=0.1)
    before = {name: value.clone() for name, value in model.named_parameters()}
    losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    losses["depth.loss_l1"].backward()
    model.method.edit_gradients(model)
    optimizer.step()
    model.method.edit_weights(model)
    free = 0
    for name, basis in model.method.bases.items():
        step = (model.get_parameter(f"{name}.weight") - before[f"{name}.weight"]).flatten(1)
        assert (step @ basis).abs().max() < 1e-4, name
        free += int(step.abs().max() > 1e-4)
    assert free > 0  # layers that patches do not fill still learn
    for name, parameter in model.backbone.named_parameters():
        if parameter.ndim == 1:
            assert torch.equal(parameter, before[f"backbone.{name}"])
    assert not torch.equal(
        model.heads["depth"].decoder.conv_seg.weight, before["heads.depth.decoder.conv_seg.weight"]
    )


def test_the_first_phase_is_free_and_the_rest_need_not_rest(build, remembered):
    assert build(dict(type="SGP")).method.step_edits(remembered) == []
    remembered.method.freeze_rest = False
    edits = remembered.method.step_edits(remembered)
    assert len(edits) == len(remembered.method.bases)


def test_state(remembered, round_trip):
    round_trip(remembered.method, SGP())


def test_another_encoder_and_wrong_options_are_refused(remembered, toy_model):
    with pytest.raises(ValueError, match="SGP remembers.*'backbone.conv1'"):
        remembered.method.begin_phase(toy_model(), None)
    with pytest.raises(ValueError, match="threshold must be a number within"):
        SGP(threshold=1.5)


def test_a_sequence(two_phases):
    run = two_phases(dict(type="SGP", images=2, patches=200))
    before, after = (checkpoint["state_dict"] for checkpoint in run.checkpoints)
    first, second = (checkpoint["lifelong_method"] for checkpoint in run.checkpoints)
    assert second["phases"] == 2
    for name, basis in first["bases"].items():
        assert torch.equal(second["bases"][name][:, : basis.shape[1]], basis)
        step = (after[f"{name}.weight"] - before[f"{name}.weight"]).flatten(1)
        left = 1 - first["importance"][name]
        # three steps of Adam are at most lr an element each; this much is left of them
        bound = 6.1e-3 * step.shape[1] ** 0.5 * left + 1e-5
        assert ((step @ basis).abs() <= bound).all(), name
    assert torch.equal(before["backbone.bn1.weight"], after["backbone.bn1.weight"])


@pytest.mark.parametrize(
    ("edits", "decay", "warned"),
    [("gradient", 0.01, True), ("gradient", 0.0, False), ("update", 0.01, False)],
)
@pytest.mark.parametrize("kind", ["SGP", "SPG"])
def test_weight_decay_is_warned_of(build, monkeypatch, kind, edits, decay, warned):
    model = build(dict(type=kind, edits=edits))
    groups = [dict(weight_decay=0.0), dict(weight_decay=decay)]
    runner = SimpleNamespace(optim_wrapper=SimpleNamespace(param_groups=groups))
    message = []
    monkeypatch.setattr(step_editing, "print_log", lambda text, *_: message.append(text))
    model.method.begin_phase(model, runner)
    assert bool(message) == warned
    if warned:
        assert f"{kind}: edits='gradient' with weight_decay=0.01" in message[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_inputs_that_are_not_finite_are_not_taken_for_none(value):
    inputs = torch.ones(3, 4)
    inputs[1, 2] = value
    with pytest.raises(ValueError, match="NaN or infinity"):
        extend_basis(None, None, inputs, 10.0, 0.97)
    assert extend_basis(None, None, torch.zeros(3, 4), 10.0, 0.97)[0].shape == (3, 0)
