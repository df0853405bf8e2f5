"""NaN from teachers, optimisers and methods' edits of steps, which no loss shows at first."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmlhl.engine.hooks import finite_hook
from mmlhl.engine.hooks.finite_hook import NotFinite
from mmlhl.engine.hooks.finite_sources import spoilt_states, teacher_heads

from .test_finite_hook import Line, train

ADAM = dict(optimizer=dict(type="Adam", lr=0.1))


class Teacher(nn.Module):
    """Predicts its input, by one head."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict(dict(seg=nn.Identity()))


class Taught(Line):
    """Learns the class that its teacher predicts; argmax of NaN is a class as well."""

    def __init__(self):
        super().__init__()
        self.frozen_models = dict(_teacher=Teacher())

    def forward(self, inputs, data_samples=None, mode="loss"):
        value = torch.stack(list(inputs)).mean()
        label = self.frozen_models["_teacher"].heads["seg"](torch.stack([value, value])).argmax()
        return {"seg.loss_had_db": self.weight * (1.0 + label)}


def test_nan_predictions_of_a_teacher_stop_training(tmp_path):
    with pytest.raises(NotFinite) as caught:
        train([1.0, math.nan], tmp_path, model=Taught())
    for part in ("phase_2", "iteration 2", "the teacher's map of seg", "image_1.png"):
        assert part in str(caught.value)


def test_step_with_nan_of_the_teacher_is_skipped(tmp_path):
    runner = train([1.0, math.nan, 2.0], tmp_path, model=Taught(), action="skip")
    assert runner.hook.skipped == 1
    assert runner.model.weight.item() == pytest.approx(1 - 0.1 - 0.1)


def test_heads_of_any_teacher_are_found():
    plain = SimpleNamespace(decode_head=nn.ModuleList([nn.Identity(), nn.ReLU()]))
    found = teacher_heads(SimpleNamespace(frozen_models=dict(a=Teacher(), b=plain)))
    assert [task for task, _ in found] == ["seg", "decode_head"]
    assert isinstance(found[1][1], nn.ReLU)
    assert teacher_heads(Line()) == []


class Edited(Line):
    """A method edits each step."""

    def __init__(self, **edits):
        super().__init__()
        self.method = SimpleNamespace(edits_gradients=False, edits_weights=False, **edits)


class Edit(finite_hook.Hook):
    """As LifelongPhaseHook: later than FiniteHook."""

    priority = "LOW"

    def before_train(self, runner):
        step = runner.optim_wrapper.optimizer
        model = runner.model

        def spoil(*_):
            if runner.iter == 1:
                where = model.other.grad if model.method.edits_gradients else model.other
                with torch.no_grad():
                    where.mul_(math.inf).sub_(where)

        if model.method.edits_gradients:
            step.register_step_pre_hook(spoil)
        else:
            step.register_step_post_hook(spoil)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ("edits_gradients", "iteration 2: not finite after SimpleNamespace edited .* of other.*_1"),
        ("edits_weights", "weights are not finite after the step: other"),
    ],
)
@pytest.mark.parametrize("action", ["stop", "skip"])
def test_nan_of_edited_steps_stops_training(tmp_path, edits, message, action):
    model = Edited()
    setattr(model.method, edits, True)
    with pytest.raises(NotFinite, match=message):
        train([1.0, 1.0, 1.0], tmp_path, model=model, action=action, custom_hooks=[Edit()])


class Spoil(finite_hook.Hook):
    """Spoils the moments of Adam after the first step."""

    def after_train_iter(self, runner, **_):
        if runner.iter == 0:
            (first, *_) = runner.optim_wrapper.optimizer.state.values()
            first["exp_avg_sq"].fill_(self.value)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_infinite_and_nan_moments_of_adam_stop_training(tmp_path, value):
    """Infinite moments stop all updates, NaN moments spoil the weight."""
    hook = Spoil()
    hook.value = value
    with pytest.raises(NotFinite, match=r"exp_avg_sq of weight|weights are not finite.*: weight"):
        train([1.0, 2.0], tmp_path, optim_wrapper=ADAM, custom_hooks=[hook])


def test_checkpoints_with_infinite_moments_are_not_resumed(tmp_path):
    runner = train([1.0], tmp_path, optim_wrapper=ADAM)
    stored = runner.optim_wrapper.state_dict()
    assert spoilt_states(runner.model, [runner.optim_wrapper.optimizer]) == []
    runner._resume = True
    runner.hook.after_load_checkpoint(runner, dict(optimizer=stored))
    stored["state"][0]["exp_avg"].fill_(math.nan)
    with pytest.raises(NotFinite, match="checkpoint to resume from.*the one before"):
        runner.hook.after_load_checkpoint(runner, dict(optimizer=stored))
