import pytest
import torch

from mmlhl.models.methods import PhaseAverage
from mmlhl.models.methods.phase_average import best_factor, interpolate, old_tensors


def test_interpolation_and_its_ends_by_hand():
    start, end = {"w": torch.tensor([1.0, 0.1])}, {"w": torch.tensor([3.0, 0.3])}
    target = {"w": torch.zeros(2)}
    interpolate(target, start, end, 0.25)
    torch.testing.assert_close(target["w"], torch.tensor([1.5, 0.15]))
    interpolate(target, start, end, 1)
    assert torch.equal(target["w"], end["w"])
    interpolate(target, start, end, 0.0)
    assert torch.equal(target["w"], start["w"])


def test_the_best_factor_by_hand():
    learned, lost = {0.5: 3.0, 1.0: 2.0}, {0.5: 0.2, 1.0: 0.8}
    # 3/2 + 0.2 w against 1 + 0.8 w: even at w = 5/6
    assert best_factor(learned, lost, 0.8) == 1.0 and best_factor(learned, lost, 0.9) == 0.5
    assert best_factor({0.5: 2.0, 1.0: 2.0}, {0.5: 0.1, 1.0: 0.1}, 1.0) == 1.0
    nan = float("nan")  # between two sound models there may be one that overflows
    assert best_factor({0.25: nan, 0.5: 2.0, 1.0: 2.0}, {0.25: 0.0, 0.5: 0.2, 1.0: 0.8}, 1.0) == 0.5
    assert best_factor({0.5: nan, 1.0: nan}, {0.5: 0.2, 1.0: 0.8}, 1.0) == 1.0


@pytest.fixture
def second_phase(build):
    """A function: a model in phase two whose encoder has moved, with its method begun."""

    def make(moved_by, runner, **options):
        model = build(dict(type="PhaseAverage", **options))
        model.method.begin_phase(model, runner)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for tensor in old_tensors(model).values():
                noise = torch.rand(tensor.shape, generator=generator)
                tensor.add_(moved_by * noise * tensor.abs().mean())
        return model

    return make


@pytest.mark.parametrize("weight, expected", [(0.0, 1.0), (1e6, 0.5)])
def test_the_end_of_a_phase(second_phase, image_runner, weight, expected, monkeypatch):
    messages = []
    monkeypatch.setattr(
        "mmlhl.models.methods.phase_average.print_log", lambda text, *_: messages.append(text)
    )
    runner = image_runner()
    model = second_phase(0.3, runner, weight=weight, factors=[0.5, 1.0], images=3)
    start = dict(model.method.start)
    end = {name: tensor.clone() for name, tensor in old_tensors(model).items()}
    new = {n: p.clone() for n, p in model.heads["depth"].state_dict().items()}
    if weight == 0:  # only new tasks are measured: let the end of the phase be best
        model.method.factors = [1.0]
    model.method.end_phase(model, runner)
    assert f"factor {expected:g};" in messages[0]
    for name, tensor in old_tensors(model).items():
        torch.testing.assert_close(tensor, start[name] + expected * (end[name] - start[name]))
    for name, tensor in model.heads["depth"].state_dict().items():
        assert torch.equal(tensor, new[name])
    assert model.training and model.method.state_dict() == {}
    assert any(name.endswith("running_mean") for name in start)
    assert {name.split(".")[1] for name in start if name.startswith("heads.")} == {"seg"}


def test_an_interrupted_phase_and_the_first_one(second_phase, image_runner, build, round_trip):
    runner = image_runner()
    model = second_phase(0.3, runner)
    resumed = round_trip(model.method, PhaseAverage())
    resumed.begin_phase(model, runner)  # the weights have moved since
    assert not torch.equal(resumed.start["backbone.conv1.weight"], model.backbone.conv1.weight)
    first = build(dict(type="PhaseAverage"), ["seg"], ["seg"])
    first.method.begin_phase(first, runner)
    first.method.end_phase(first, runner)
    assert first.method.state_dict() == {}
    wrong = PhaseAverage()
    wrong.load_state_dict(dict(start={"backbone.conv1.weight": torch.zeros(1)}))
    with pytest.raises(ValueError, match="weights that this phase started from"):
        wrong.begin_phase(model, runner)


@pytest.mark.parametrize(
    "options", [dict(factors=[0.0]), dict(factors=[]), dict(weight=-1), dict(images=0)]
)
def test_wrong_options(options):
    with pytest.raises(ValueError, match=f"PhaseAverage: {next(iter(options))} must"):
        PhaseAverage(**options)
    assert PhaseAverage(factors=[0.5]).factors == [0.5, 1.0] and PhaseAverage.needs_same_encoder
