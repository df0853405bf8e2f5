"""A step that is skipped, of which some batches were seen when a checkpoint was saved."""

import math
from types import SimpleNamespace

import pytest
import torch
from one_weight import Normalised, train

from mmlhl.engine.hooks.finite_hook import FiniteHook, NotFinite
from mmlhl.engine.training_state import state_problem


@pytest.mark.parametrize("data", [[2.0, math.nan, 4.0], [math.inf, 2.0, 4.0]])
def test_checkpoints_amid_a_step_that_will_be_skipped(tmp_path, data):
    options = dict(action="skip", optim_wrapper=dict(accumulative_counts=3))
    sound = train([1.0, 1.0, 3.0], tmp_path, model=Normalised(), **options)
    hooks = [
        dict(type="PhaseCheckpointHook", interval=1, by_epoch=False),
        dict(type="RankStateHook"),
        dict(type="EMAHook", update_buffers=True),
    ]
    run = tmp_path / "run"
    runner = train([*data, 1.0, 1.0, 3.0], run, model=Normalised(), custom_hooks=hooks, **options)
    assert runner.hook.skipped == 1
    for key, value in sound.model.state_dict().items():
        assert torch.equal(value, runner.model.state_dict()[key]), key
    for number in (1, 2):
        content = torch.load(run / f"iter_{number}.pth")
        step = content["rank_states"][0]["step"]
        assert step["buffers"]["norm.num_batches_tracked"] == 0
        assert step["files"] == [f"image_{each}.png" for each in range(number)]
        assert bool(step["spoilt"]) == (data[0] == math.inf or number == 2)
        assert state_problem(content) is None


@pytest.fixture
def runner():
    """A function: a runner of one step."""

    def make():
        model = Normalised()
        wrapper = SimpleNamespace(optimizer=torch.optim.SGD([model.weight], lr=0.1))
        return SimpleNamespace(model=model, experiment_name="run", iter=1, optim_wrapper=wrapper)

    return make


def test_a_step_that_will_be_skipped_is_skipped_after_an_interruption(runner):
    before, after = runner(), runner()
    hook, resumed = FiniteHook("skip"), FiniteHook("skip")
    hook.step.add(before, None)
    before.model.norm.running_mean.fill_(5.0)
    before.model.weight.grad = torch.tensor(math.inf)
    hook.before_checkpoint(before)
    assert before.model.weight.grad is None and not before.model.norm.running_mean.any()
    assert hook.step.state()["spoilt"] == ["the gradient of weight"]

    after.model.norm.running_mean.fill_(3.0)
    resumed.step.resume(after, hook.step.state())
    after.model.weight.grad = torch.ones(())
    resumed._before_step(after, after.optim_wrapper.optimizer)
    assert resumed.skipped == 1 and after.model.weight.grad is None
    assert not after.model.norm.running_mean.any()


def test_gradients_that_would_stop_the_training_are_not_saved(runner):
    interrupted, hook = runner(), FiniteHook()
    hook.step.add(interrupted, None)
    hook.before_checkpoint(interrupted)
    interrupted.model.weight.grad = torch.tensor(math.nan)
    with pytest.raises(NotFinite, match="iteration 2: not finite: the gradient of weight"):
        hook.before_checkpoint(interrupted)
    assert hook.step.state() == {}


def test_overflows_of_a_scaler_are_left_to_it(runner):
    interrupted, hook = runner(), FiniteHook()
    scaler = SimpleNamespace(is_enabled=lambda: True)
    interrupted.optim_wrapper.loss_scaler = scaler
    hook.step.add(interrupted, None)
    interrupted.model.weight.grad = torch.tensor(math.inf)
    hook.before_checkpoint(interrupted)
    assert interrupted.model.weight.grad == math.inf
