"""A step that is skipped, of which some batches were seen when a checkpoint was saved."""

import math
from types import SimpleNamespace

import pytest
import torch
from one_weight import Line, Normalised, Pair, train, two_optimizers

from mmlhl.engine.hooks.buffer_copies import OptimizerCopy
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
        optimizer = torch.optim.SGD([model.weight], lr=0.1)
        wrapper = SimpleNamespace(optimizer=optimizer, should_update=lambda: True)
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
    resumed.after_train_iter(after)
    assert resumed.skipped == 1 and after.model.weight.grad is None
    assert not after.model.norm.running_mean.any()


def checkpoints_amid(values, folder, model, **options):
    """Train with a checkpoint after each batch, which holds what a resumed training needs."""
    hooks = [dict(type="PhaseCheckpointHook", interval=1, by_epoch=False)]
    hooks += [dict(type="RankStateHook")]
    return train(values, folder, model=model, custom_hooks=hooks, action="skip", **options)


@pytest.mark.parametrize("bad", [5.0, 7.0])
def test_optimizers_of_other_rhythms_are_skipped_together_after_an_interruption(tmp_path, bad):
    """One has taken its step before the checkpoint; the copies in it undo that."""

    def wrappers(model):
        found = two_optimizers(model, optimizer=Counting)
        found["other"]._accumulative_counts = 2
        return found

    model = Pair()
    values = [1.0, 1.0, 3.0, bad, 2.0, 2.0]
    checkpoints_amid(values, tmp_path, model, wrappers=wrappers(model))
    content = torch.load(tmp_path / "iter_3.pth")
    assert state_problem(content) is None
    resumed = Pair()
    resumed.load_state_dict(content["state_dict"])
    found, hook = wrappers(resumed), FiniteHook("skip")
    found.load_state_dict(content["optimizer"])
    runner = SimpleNamespace(model=resumed, experiment_name="run", iter=3, optim_wrapper=found)
    hook.step.resume(runner, content["rank_states"][0]["step"])
    hook.step.spoil(runner, ["a loss"])
    begun = torch.load(tmp_path / "iter_2.pth")
    for name, value in begun["state_dict"].items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    for name, wrapper in found.items():
        assert (
            wrapper.optimizer.param_groups[0]["k"]
            == begun["optimizer"][name]["param_groups"][0]["k"]
        )
        assert (
            wrapper.optimizer.state_dict()["state"].keys()
            == begun["optimizer"][name]["state"].keys()
        )


class Counting(torch.optim.Adam):
    """Counts its steps in its groups, also those without gradients, as schedule-free ones do."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for group in self.param_groups:
            group.update(k=0, total=torch.zeros(1))

    def step(self, closure=None):
        for group in self.param_groups:
            group["k"] += 1
            group["total"] += group["lr"]
        return super().step(closure)


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("model", [Line, Pair])
def test_counts_in_an_optimiser_s_groups_are_undone(tmp_path, model, batches):
    bad = [3.0] * (batches - 1) + [7.0]
    groups = []
    for values in ([], bad):
        data = [1.0] * batches + values + [2.0] * batches
        live = model()
        own = two_optimizers(live, optimizer=Counting, accumulative_counts=batches)
        single = Counting(live.parameters(), lr=0.1)
        options = dict(wrappers=own) if model is Pair else {}
        if model is Line:
            options["optim_wrapper"] = dict(optimizer=single, accumulative_counts=batches)
        runner = train(data, tmp_path, model=live, action="skip", **options)
        assert runner.hook.skipped == bool(values)
        found = [w.optimizer for w in own.values()] if model is Pair else [single]
        groups.append([optimizer.param_groups[0] for optimizer in found])
        for group in groups[-1]:
            assert group["k"] == 2 and group["total"] == pytest.approx(0.2)
    assert [g["lr"] for g in groups[0]] == [g["lr"] for g in groups[1]]


def test_values_that_schedules_set_are_not_undone():
    """A step of accumulated gradients is undone after schedules have moved on."""
    optimizer = Counting([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    group = optimizer.param_groups[0]
    group.update(initial_lr=0.1, initial_momentum=0.9, weight_decay=0.3)
    copy = OptimizerCopy(optimizer, whole=False)
    group.update(lr=0.05, betas=(0.5, 0.99), weight_decay=0.2, k=7)
    copy.restore()
    assert (group["lr"], group["betas"]) == (0.05, (0.5, 0.99))
    assert (group["weight_decay"], group["k"]) == (0.3, 0)


def test_weights_and_moments_are_undone_again_and_again():
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([weight], lr=0.1)

    def state():
        return [weight.item(), *(each.item() for each in optimizer.state[weight].values())]

    def step():
        weight.grad = torch.full((1,), 2.0)
        optimizer.step()
        return state()

    before, copy = step(), OptimizerCopy(optimizer, whole=True)
    for _ in range(2):
        assert not set(before) & set(step())
        copy.restore()
        assert state() == before


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
