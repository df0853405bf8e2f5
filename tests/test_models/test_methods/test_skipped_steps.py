"""Steps that FiniteHook skipped leave no trace in what methods remember."""

import copy

import pytest
import torch

from mmlhl.models.methods.measured_images import measured_images

MEASURING = [
    dict(type="EWC", samples=None),
    dict(type="SPG", samples=None),
    dict(type="SGP", images=9, patches=60),
    dict(type="ICaRL", buffer_size=2),
    dict(type="Composite", methods=[dict(type="PhaseAverage", images=None), dict(type="EWC")]),
]


def spoil(runner, index):
    item = runner.train_dataloader.dataset[index]
    item["inputs"] = torch.full(item["inputs"].shape, torch.nan)
    item["data_samples"].set_metainfo(dict(img_path=f"image_{index}.png"))
    runner.skipped_steps = 1


def ended(build, method, runner):
    model = build(method)
    model.method.begin_phase(model, runner)
    with torch.no_grad():
        model.backbone.conv1.weight.mul_(1.1)
    model.method.end_phase(model, runner)
    return {**model.method.state_dict(), "model": model.state_dict()}


@pytest.mark.parametrize("method", MEASURING, ids=lambda method: method["type"])
def test_an_image_that_is_not_finite_is_not_measured(build, image_runner, method):
    runner, without = image_runner(n=4), image_runner(n=4)
    spoil(runner, 3)
    without.train_dataloader.dataset.pop(3)
    one, other = (ended(build, method, each) for each in (runner, without))
    same(one, other)


def same(one, other):
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            same(*pair)
    elif isinstance(one, torch.Tensor):
        torch.testing.assert_close(one, other, equal_nan=True)
    else:
        assert one == other


def test_images_are_tried_only_after_a_skipped_step(build, image_runner):
    runner, model = image_runner(n=3), build(dict(type="EWC"))
    spoil(runner, 1)
    assert measured_images(model, runner, None) == [0, 2]
    runner.skipped_steps = 0
    assert measured_images(model, runner, None) == [0, 1, 2]
    assert all(p.grad is None for p in model.parameters()) and model.training


def test_no_image_left(build, image_runner):
    runner, model = image_runner(n=2), build(dict(type="EWC"))
    for index in range(2):
        spoil(runner, index)
    with pytest.raises(ValueError, match="no image is finite"):
        measured_images(model, runner, None)


@pytest.mark.parametrize("outputs", ["phase_end", "trajectory"])
def test_the_reservoir_is_as_before_the_step(build, image_runner, outputs):
    der = dict(type="DERpp", buffer_size=3, outputs=outputs)
    model = build(dict(type="Composite", methods=[der, dict(type="EWC")]))
    runner = image_runner(n=4)
    batch = [model.data_preprocessor(each, True) for each in runner.train_dataloader]
    model.method.begin_phase(model, runner)
    for number, given in enumerate(batch):
        model.method.mark_step()
        before = copy.deepcopy(model.method.state_dict())
        for _ in range(2):  # two batches whose gradients accumulate
            model.loss(given["inputs"], given["data_samples"])
        inner = model.method.methods[0]
        assert inner.seen == number * 2 + 4
        model.method.undo_step()
        inner.buffer.draws = before["methods"]["DERpp"]["buffer"]["draws"]
        same(model.method.state_dict(), before)
        model.loss(given["inputs"], given["data_samples"])
    assert inner.seen == 4 and len(inner.buffer) == 3


@pytest.mark.parametrize("spoilt", [False, True])
def test_the_reservoir_after_an_interruption_within_the_step(build, image_runner, spoilt, tmp_path):
    der = dict(type="Composite", methods=[dict(type="DER", buffer_size=3), dict(type="EWC")])
    model, resumed, runner = build(der), build(der), image_runner(n=4)
    batches = [model.data_preprocessor(each, True) for each in runner.train_dataloader]

    def learn(model, number):
        model.loss(batches[number]["inputs"], batches[number]["data_samples"])

    model.method.begin_phase(model, runner)
    resumed.method.begin_phase(resumed, runner)
    for number in (0, 1):
        model.method.mark_step()
        learn(model, number)
    if spoilt:
        model.method.undo_step()
    torch.save(model.method.state_dict(), tmp_path / "amid.pth")
    resumed.method.load_state_dict(torch.load(tmp_path / "amid.pth"))
    for each in (model, resumed):
        learn(each, 0)
        each.method.undo_step()
        assert each.method.methods[0].seen == len(batches[0]["inputs"])
    same(model.method.state_dict(), resumed.method.state_dict())

    once = tmp_path / "once.pth"
    state = model.method.methods[0].state_dict()
    torch.save({key: value for key, value in state.items() if key != "mark"}, once)
    assert (tmp_path / "amid.pth").stat().st_size < 2 * once.stat().st_size
    model.method.end_phase(model, runner)
    assert "mark" not in model.method.methods[0].state_dict()
