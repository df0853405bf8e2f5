"""NaN and infinity stop training, or the step, before they reach a weight."""

import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook, Hook
from mmseg.registry import HOOKS
from one_weight import Line, Normalised, Pair, TwoOptimizers, train, two_optimizers
from torch import nn
from torch.optim import Adam

from mmlhl.engine import AmpOptimWrapper
from mmlhl.engine.hooks import finite_hook
from mmlhl.engine.hooks.finite_hook import FiniteHook, NotFinite, names_of


def test_finite_steps_are_taken(tmp_path):
    runner = train([1.0, 2.0], tmp_path)
    assert runner.model.weight.item() == pytest.approx(1 - 0.1 - 0.2)
    assert runner.hook.skipped == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_stops_before_the_weight_is_touched(tmp_path, value):
    with pytest.raises(NotFinite) as caught:
        train([1.0, value, 1.0], tmp_path)
    message = str(caught.value)
    for part in ("run_phase_2_depth", "iteration 2", "depth.loss_l1", "image_1.png", "skip"):
        assert part in message
    assert "image_0.png" not in message


def test_a_gradient_stops_and_names_the_parameter(tmp_path):
    with pytest.raises(NotFinite, match="the gradient of other.*image_1.png"):
        train([1.0, 7.0], tmp_path)


def test_skipped_step_changes_no_weight_and_is_counted(tmp_path):
    adam = dict(optimizer=dict(type="AdamW", lr=0.1, weight_decay=0.1))
    sound = train([1.0, 2.0], tmp_path, action="skip", optim_wrapper=adam)
    marred = train([1.0, math.nan, 7.0, 2.0], tmp_path, action="skip", optim_wrapper=adam)
    assert torch.equal(marred.model.weight, sound.model.weight)
    assert torch.equal(marred.model.other, sound.model.other)
    assert marred.hook.skipped == 2 and sound.hook.skipped == 0


def test_too_many_in_a_row_stop(tmp_path):
    with pytest.raises(NotFinite, match="2 steps in a row"):
        train([1.0, math.nan, math.nan, 1.0], tmp_path, action="skip", max_skipped=2)


def test_accumulated_gradients(tmp_path):
    two = dict(accumulative_counts=2)
    with pytest.raises(NotFinite, match=r"iteration 1: .*batch: image_0.png\."):
        train([math.nan, 1.0, 1.0, 1.0], tmp_path, optim_wrapper=two)
    runner = train([math.nan, 1.0, 1.0, 3.0], tmp_path, action="skip", optim_wrapper=two)
    assert runner.model.weight.item() == pytest.approx(1 - 0.1 * 2)
    assert runner.hook.skipped == 1


def test_several_optimizers(tmp_path):
    sound = train([1.0, 2.0], tmp_path, model=TwoOptimizers())
    assert sound.model.weight.item() == pytest.approx(1 - 0.1 - 0.2)
    with pytest.raises(NotFinite, match="depth.loss_l1.*image_1.png"):
        train([1.0, math.nan], tmp_path, model=TwoOptimizers())


@pytest.mark.parametrize("bad", [5.0, 7.0, math.nan])
@pytest.mark.parametrize("options", [{}, dict(wrap=AmpOptimWrapper), dict(accumulative_counts=2)])
def test_several_optimizers_are_skipped_together(tmp_path, bad, options):
    each = dict(optimizer=Adam, **options)
    number = each.get("accumulative_counts", 1)
    first, step, last = ([value] * number for value in (1.0, 3.0, 2.0))
    sound = train([*first, *last], tmp_path, model=Pair(), action="skip", each=each)
    step[-1] = bad
    marred = train([*first, *step, *last], tmp_path, model=Pair(), action="skip", each=each)
    assert torch.equal(sound.model.weight, marred.model.weight)
    assert torch.equal(sound.model.other, marred.model.other)
    assert marred.hook.skipped == 1
    with pytest.raises(NotFinite, match="2 steps in a row"):
        train([*first, *step, *step], tmp_path, Pair(), action="skip", max_skipped=2, each=each)
    with pytest.raises(NotFinite) as caught:
        train([*first, *step], tmp_path, model=Pair(), each=each)
    assert ("No weight was changed" in str(caught.value)) == (bad != 7.0)


def test_optimizers_of_other_rhythms_are_skipped_together(tmp_path):
    def run(values):
        model = Pair()
        wrappers = two_optimizers(model)
        wrappers["other"]._accumulative_counts = 2
        return train(values, tmp_path, model=model, action="skip", wrappers=wrappers)

    sound = run([1.0, 1.0, 2.0, 2.0])
    for step in ([5.0, 1.0], [1.0, 5.0], [1.0, 7.0]):
        marred = run([1.0, 1.0, *step, 2.0, 2.0])
        assert torch.equal(sound.model.weight, marred.model.weight), step
        assert torch.equal(sound.model.other, marred.model.other), step
        assert marred.hook.skipped == 1


@pytest.mark.parametrize("values", [[math.nan], [math.nan, 7.0, math.inf]])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_phase_of_skipped_steps_only_is_not_done(tmp_path, values, steps):
    every = dict(accumulative_counts=steps)
    with pytest.raises(NotFinite, match=r"run_phase_2_depth\w*: all \d step\(s\) of the phase"):
        train(values, tmp_path, action="skip", optim_wrapper=every)


@pytest.mark.parametrize("options", [dict(action="ignore"), dict(max_skipped=0)])
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        FiniteHook(**options)


def test_a_skipped_step_leaves_no_trace_in_buffers(tmp_path):
    sound = train([1.0, 2.0], tmp_path, model=Normalised(), action="skip")
    marred = train([1.0, math.nan, math.inf, 2.0], tmp_path, model=Normalised(), action="skip")
    assert marred.hook.skipped == 2
    assert marred.model.state_dict().keys() >= {"norm.running_mean", "norm.num_batches_tracked"}
    for key, value in sound.model.state_dict().items():
        assert torch.equal(value, marred.model.state_dict()[key]), key


def test_skipped_steps_that_accumulate_leave_no_trace(tmp_path):
    two = dict(accumulative_counts=2)
    sound = train([1.0, 3.0], tmp_path, model=Normalised(), action="skip", optim_wrapper=two)
    marred = train(
        [2.0, math.nan, 1.0, 3.0], tmp_path, model=Normalised(), action="skip", optim_wrapper=two
    )
    for key, value in sound.model.state_dict().items():
        assert torch.equal(value, marred.model.state_dict()[key]), key


class Noting(Line):
    """A model whose method notes what it is given."""

    def __init__(self):
        super().__init__()
        self.told = []
        self.method = SimpleNamespace(
            edits_gradients=False,
            edits_weights=False,
            mark_step=lambda: self.told.append("mark"),
            undo_step=lambda: self.told.append("undo"),
        )


@pytest.mark.parametrize("place", ["loss", "gradient before a checkpoint"])
def test_a_batch_that_is_not_finite_in_another_process(tmp_path, monkeypatch, place):
    """All take it out at once, and skip the step: methods count batches of all processes."""
    undone, asked = [], []
    model = Line()
    model.method = SimpleNamespace(
        mark_step=lambda: None, undo_step=lambda: undone.append(len(asked))
    )

    def agree(fine, parameters):
        asked.append(fine)
        return fine and len(asked) != 2

    monkeypatch.setattr(finite_hook, "agreed", agree)
    hooks = [dict(type="AmidHook")] if place != "loss" else []
    values = [1.0, 2.0, 3.0, 4.0] * (1 if hooks else 2)
    options = dict(optim_wrapper=dict(accumulative_counts=4), custom_hooks=hooks)
    if hooks:
        with pytest.raises(NotFinite, match="all 1 step"):
            train(values, tmp_path, model, action="skip", **options)
    else:
        assert train(values, tmp_path, model, action="skip", **options).hook.skipped == 1
    assert undone == [2, 5 if hooks else 4] and all(asked[:2])


@HOOKS.register_module()
class AmidHook(Hook):
    """Calls the hooks as before a checkpoint after the first batch."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if not batch_idx:
            runner.call_hook("before_checkpoint")


def test_the_method_undoes_a_skipped_step(tmp_path):
    two = dict(accumulative_counts=2)
    data = [1.0, 1.0, math.nan, 1.0, 1.0, 1.0]
    runner = train(data, tmp_path, model=Noting(), action="skip", optim_wrapper=two)
    assert runner.model.told == ["mark", "mark", "undo", "undo", "mark"]
    assert runner.skipped_steps == 1


@pytest.mark.parametrize("taken", [True, False])
def test_counts_go_on_after_an_interruption(taken):
    hook = FiniteHook("skip", max_skipped=3)
    hook.skipped, hook._in_a_row, hook._stepped = 2, 2, taken
    stored = dict(optimizer={}, state_dict={})
    runner = SimpleNamespace(model=Line(), hooks=[], _resume=True, experiment_name="run", iter=2)
    hook.before_save_checkpoint(runner, stored)
    resumed = FiniteHook("skip", max_skipped=3)
    resumed.after_load_checkpoint(runner, stored)
    assert (resumed.skipped, resumed._in_a_row, resumed._stepped) == (2, 2, taken)
    assert runner.skipped_steps == 2


@pytest.mark.parametrize("action", ["stop", "skip"])
def test_weights_that_the_last_step_made_infinite(tmp_path, action):
    far = dict(optimizer=dict(type="SGD", lr=1e30))
    with pytest.raises(
        NotFinite, match=r"iteration 1: weights are not finite.*: weight\. .*lr|rate"
    ):
        train([1e15], tmp_path, action=action, optim_wrapper=far)


def test_infinite_weights_are_not_saved(tmp_path):
    far = dict(optimizer=dict(type="SGD", lr=1e30))
    saving = dict(type="CheckpointHook", interval=1, priority="VERY_HIGH")
    with pytest.raises(NotFinite, match="neither saved"):
        train([1e15], tmp_path, optim_wrapper=far, custom_hooks=[saving])
    assert not list(tmp_path.rglob("*.pth"))


def test_averaged_weights_that_are_not_finite(tmp_path):
    runner = train([1.0], tmp_path, custom_hooks=[dict(type="EMAHook")])
    runner.save_checkpoint(str(tmp_path), "good.pth")
    next(h for h in runner.hooks if isinstance(h, EMAHook)).ema_model.module.weight.data.fill_(
        math.nan
    )
    with pytest.raises(NotFinite, match="module.weight"):
        runner.save_checkpoint(str(tmp_path), "bad.pth")
    assert not (tmp_path / "bad.pth").exists()


def test_a_gradient_whose_square_overflows_is_named():
    model = nn.Linear(2, 2, bias=False)
    model.weight.grad = torch.full((2, 2), 1e30)
    assert names_of(model, [model.weight]) == ["the norm of the gradient of weight"]


def test_each_part_of_a_list_of_losses_is_checked():
    hook = FiniteHook()
    parts = [torch.ones(2), torch.tensor([1.0, math.nan])]
    hook._note({"seg.loss_ce": parts, "seg.acc_seg": torch.tensor(math.nan), "loss_l1": parts[0]})
    assert list(hook._losses) == ["seg.loss_ce", "loss_l1"]
    assert not hook._losses["seg.loss_ce"].isfinite() and hook._losses["loss_l1"] == 1
