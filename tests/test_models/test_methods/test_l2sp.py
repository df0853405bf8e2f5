from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmlhl.models.methods import L2SP, Composite, StepEditingMethod
from mmlhl.models.methods.l2sp import moved_decay


class Model(nn.Module):
    """An encoder of one weight, an old head and a new one."""

    def __init__(self, new_tasks=("b",)):
        super().__init__()
        self.backbone = nn.Linear(1, 1, bias=False)
        self.heads = nn.ModuleDict({task: nn.Linear(1, 1, bias=False) for task in "ab"})
        self.new_tasks = list(new_tasks)
        self.old_tasks = [task for task in "ab" if task not in new_tasks]
        for parameter in self.parameters():
            nn.init.constant_(parameter, 2.0)


def running(model, kind=torch.optim.SGD, lr=0.5, weight_decay=0.1, **options):
    optimizer = kind(model.parameters(), lr=lr, weight_decay=weight_decay, **options)
    return SimpleNamespace(optim_wrapper=SimpleNamespace(optimizer=optimizer))


def step(method, model, runner, gradient=0.0):
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, gradient)
    method.edit_gradients(model)
    runner.optim_wrapper.optimizer.step()
    method.edit_weights(model)
    return [p.item() for p in (model.backbone.weight, model.heads["b"].weight)]


def test_the_moved_decay_by_hand():
    weight, anchor = torch.tensor([3.0]), torch.tensor([2.0])
    assert moved_decay(weight, anchor, decay=0.1).item() == pytest.approx(-0.2)
    # 0.5 (3 - 2) in place of 0.1 x 3
    assert moved_decay(weight, anchor, decay=0.1, strength=0.5).item() == pytest.approx(0.2)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_old_weights_decay_to_their_anchor_and_new_heads_to_zero(kind):
    method, model = L2SP(), Model()
    runner = running(model, kind)
    method.begin_phase(model, runner)
    for _ in range(3):
        old, new = step(method, model, runner)
    assert old == pytest.approx(2.0, abs=1e-6) and new < 2.0 - 1e-2


@pytest.mark.parametrize("strength, pull", [(None, 0.1), (0.4, 0.4)])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_a_weight_that_was_moved_comes_back(kind, strength, pull):
    method, model = L2SP(strength), Model()
    runner = running(model, kind)
    method.begin_phase(model, runner)
    with torch.no_grad():
        model.backbone.weight.fill_(3.0)
    old, _ = step(method, model, runner)
    assert old == pytest.approx(3.0 - 0.5 * pull * (3.0 - 2.0))


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("others_first", [True, False])
def test_a_warm_up_and_frozen_weights_stay_where_they_are_in_any_order(kind, others_first):
    """Only steps that are taken have a decay, and edits of other methods include it."""

    class Freezing(StepEditingMethod):
        def step_edits(self, model):
            return [(model.backbone.weight, torch.zeros_like)]

    methods = [dict(type="LwF", warmup=1), dict(type="L2SP", strength=0.3)]
    warm = Composite(methods[:: 1 if others_first else -1])
    next(m for m in warm.methods if hasattr(m, "warmup_iters")).warmup_iters = 9
    frozen = Composite([dict(type="L2SP", strength=0.3), dict(type="EWC")])
    frozen.methods[1] = Freezing()
    frozen.methods = frozen.methods[:: -1 if others_first else 1]
    for method in (warm, frozen):
        model = Model()
        runner = running(model, kind)
        next(m for m in method.methods if isinstance(m, L2SP)).begin_phase(model, runner)
        with torch.no_grad():
            model.backbone.weight.fill_(3.0)
        for _ in range(3):
            old, _ = step(method, model, runner, gradient=0.1)
        assert old == 3.0


def test_a_phase_goes_on_with_the_weights_that_it_began_with(round_trip):
    method, model = L2SP(), Model()
    method.begin_phase(model, running(model))
    with torch.no_grad():
        model.backbone.weight.fill_(3.0)
    resumed = round_trip(method, L2SP())
    resumed.begin_phase(model, running(model))
    assert resumed.anchors["backbone.weight"].item() == 2.0
    assert set(resumed.anchors) == {"backbone.weight", "heads.a.weight"}
    resumed.end_phase(model, None)  # the next one starts anew, and no copy is published
    assert resumed.state_dict() == {}
    model.heads["a"].requires_grad_(False)
    resumed.begin_phase(model, running(model))
    assert set(resumed.anchors) == {"backbone.weight"}
    assert resumed.anchors["backbone.weight"].item() == 3.0


def test_first_phase_uses_plain_weight_decay():
    method, model = L2SP(), Model(new_tasks="ab")
    runner = running(model)
    method.begin_phase(model, runner)
    assert step(method, model, runner) == pytest.approx([1.9, 1.9]) and not method.state_dict()


def test_unsupported_settings_are_refused():
    with pytest.raises(ValueError, match="L2SP: strength must be None or a number >= 0, got -1"):
        L2SP(-1)
    model = Model()
    runner = running(model, torch.optim.SGD)
    runner.optim_wrapper.optimizer = SimpleNamespace(
        param_groups=[dict(params=list(model.parameters()), weight_decay=0.1)]
    )
    with pytest.raises(ValueError, match="does not know how SimpleNamespace decays"):
        L2SP().begin_phase(model, runner)
    runner.optim_wrapper.optimizer.param_groups[0]["weight_decay"] = 0.0
    L2SP(0.1).begin_phase(model, runner)
    other = L2SP()
    other.load_state_dict(dict(anchors={"backbone.weight": torch.zeros(2, 2)}))
    with pytest.raises(ValueError, match=r"2 of the model's .*'backbone.weight', 'heads.a.weight'"):
        other.begin_phase(model, running(model))
    assert Composite([dict(type="LwF"), dict(type="L2SP")]).edits_weights
