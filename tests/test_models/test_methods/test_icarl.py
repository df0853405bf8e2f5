from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.methods import ICaRL
from mmlhl.models.methods.icarl import herding, image_features, shares
from mmlhl.models.methods.measuring import evaluating


def test_herding_on_given_features():
    # mean 3; nearest to it is 4, then (4 + 1) / 2 = 2.5 beats (4 + 0) / 2, then (5 + 7) / 3 = 4
    # loses against (5 + 0) / 3, and 7 comes last
    features = torch.tensor([[0.0], [1.0], [4.0], [7.0]])
    assert herding(features, 4) == [2, 1, 3, 0]


def test_herding_keeps_the_running_mean_near_and_its_prefix_is_its_own_answer():
    features = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    order = herding(features, 10)
    assert len(set(order)) == 10 and herding(features, 4) == order[:4]
    assert sorted(herding(features, 99)) == list(range(40))
    mean = features.mean(0)
    assert (features[order].mean(0) - mean).norm() < 0.5 * (features[:10].mean(0) - mean).norm()


def test_shares_are_even_and_never_grow():
    assert shares(50, 1) == [50] and shares(50, 3) == [17, 17, 16] and shares(2, 4) == [1, 1, 0, 0]
    for phases in range(1, 12):
        assert sum(shares(50, phases)) == 50
        assert all(b <= a for a, b in zip(shares(50, phases), shares(50, phases + 1)[:-1]))  # noqa: B905


def test_features_are_unit_means_of_the_last_map_in_the_order_of_images(build, image_runner):
    model = build(dict(type="ICaRL"))
    runner = image_runner(3)
    with evaluating(model), torch.no_grad():
        found = image_features(model, runner, [2, 0])
        images = [runner.train_dataloader.dataset[i] for i in (2, 0)]
        raw = dict(
            inputs=[image["inputs"] for image in images],
            data_samples=[image["data_samples"] for image in images],
        )
        inputs = model.data_preprocessor(raw, training=True)["inputs"]
        expected = model.extract_feat(inputs)[-1].mean((2, 3))
    expected = expected / expected.norm(dim=1, keepdim=True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_buffer_is_shared_by_phases_and_holds_the_images_that_were_chosen(build, image_runner):
    method = dict(type="ICaRL", buffer_size=5)
    model = build(method, tasks=["seg"], new_tasks=["seg"])
    runner = image_runner(8)
    model.method.end_phase(model, runner)
    assert model.method.exemplars == 5
    first = model.method.buffer.items
    with evaluating(model), torch.no_grad():
        order = herding(image_features(model, runner, list(range(8))), 5)
    for item, index in zip(first, order, strict=True):
        data = runner.train_dataloader.dataset[index]
        label = item["labels"]["seg"]
        assert label.dtype == torch.uint8 and item["image"].dtype == torch.float16
        assert torch.equal(label.long(), data["data_samples"].gt_sem_seg.data)
        raw = dict(inputs=[data["inputs"]], data_samples=[data["data_samples"]])
        image = model.data_preprocessor(raw, training=True)["inputs"][0]
        torch.testing.assert_close(item["image"].float(), image, atol=2e-3, rtol=1e-3)

    later = build(method)
    later.method.load_state_dict(model.method.state_dict())
    later.method.end_phase(later, image_runner(8, seed=1))
    items = later.method.buffer.items
    assert [item["phase"] for item in items] == [0, 0, 0, 1, 1]
    assert all(kept is old for kept, old in zip(items, first[:3], strict=False))
    assert set(items[-1]["labels"]) == {"depth"}
    assert items[-1]["labels"]["depth"].isnan().any()  # unmeasured stays unmeasured


@pytest.mark.parametrize(
    "around",
    [lambda own: own, lambda own: dict(type="Composite", methods=[own, dict(type="PhaseAverage")])],
)
def test_each_earlier_phase_needs_an_image(build, image_runner, around):
    runner = SimpleNamespace(**vars(image_runner(4)), max_iters=4)
    before = None
    for _ in range(3):  # two earlier phases share two images
        model = build(around(dict(type="ICaRL", buffer_size=2)))
        model.method.check_phase(model, runner, before)
        before = model
    with pytest.raises(ValueError, match=r"buffer_size=2 .* the 3 phases before .* 3 or more"):
        build(around(dict(type="ICaRL", buffer_size=2))).method.check_phase(model, runner, before)
    build(around(dict(type="ICaRL", buffer_size=3))).method.check_phase(model, runner, before)


def test_a_sequence_that_was_extended_needs_an_image_of_each_phase(build, image_runner):
    model = build(dict(type="ICaRL", buffer_size=1))
    model.method.phases = 1
    model.method.begin_phase(model, image_runner(4))
    model.method.phases = 2
    with pytest.raises(ValueError, match=r"buffer_size=1 .* the 2 phases before"):
        model.method.begin_phase(model, image_runner(4))


@pytest.fixture
def second_phase(build, image_runner):
    """A segmentor in its second phase with four exemplars, its teacher set."""
    method = dict(type="ICaRL", buffer_size=4, replay_batch=3)
    first = build(method, tasks=["seg"], new_tasks=["seg"])
    first.method.end_phase(first, image_runner(4))
    model = build(method, seed=1)
    model.method.load_state_dict(first.method.state_dict())
    model.set_teacher(first)
    return model


def test_losses_distil_on_all_images_alike_and_learn_stored_labels(second_phase, batch):
    model = second_phase.eval()  # so that batch statistics do not enter
    data = model.data_preprocessor(batch(n=1), training=True)
    inputs, samples = data["inputs"], data["data_samples"]
    step = model.make_step(inputs, samples, with_teacher=True)
    losses = model.method.losses(model, step)
    assert set(losses) == {"seg.loss_lwf", "seg.replay_loss_ce"}

    model.method.buffer.draws -= 1
    replay = model.method.replay(model, model.method.draw(step), step)
    lwf = MODELS.build(dict(type="LwF"))
    new, old = (lwf.losses(model, each)["seg.loss_lwf"] for each in (step, replay))
    torch.testing.assert_close(losses["seg.loss_lwf"], (1 * new + 3 * old) / 4)
    labelled = model.heads["seg"].loss(replay.feats, replay.samples)["loss_ce"]
    torch.testing.assert_close(losses["seg.replay_loss_ce"], labelled)


def test_every_parameter_gets_a_gradient_even_if_no_exemplar_has_a_label(second_phase, batch):
    model = second_phase
    for item in model.method.buffer.items:
        item["labels"] = {}
    losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    sum(value for name, value in losses.items() if "loss" in name).backward()
    assert losses["seg.replay_loss"] == 0
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_finite_in_mixed_precision(second_phase, batch, dtype):
    with torch.autocast("cpu", dtype=dtype):
        losses = second_phase(**second_phase.data_preprocessor(batch(), training=True), mode="loss")
    assert all(value.isfinite() for value in losses.values())


def test_state(second_phase, round_trip):
    second_phase.method.buffer.draw(2)
    other = round_trip(second_phase.method, ICaRL(buffer_size=4, replay_batch=3))
    drawn = [[id(i) for i in m.buffer.draw(2)] for m in (second_phase.method, other)]
    places = [
        [[id(i) for i in m.buffer.items].index(n) for n in chosen]
        for m, chosen in zip((second_phase.method, other), drawn, strict=True)
    ]
    assert places[0] == places[1]


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="buffer_size must be a whole number >= 1, got 0"):
        ICaRL(buffer_size=0)
    with pytest.raises(ValueError, match="replay_batch must be"):
        ICaRL(replay_batch=0)


def test_a_sequence(two_phases):
    run = two_phases(dict(type="ICaRL", buffer_size=3))
    assert [phase["exemplars"] for phase in run.record.phases] == [3, 3]
    items = run.checkpoints[1]["lifelong_method"]["buffer"]["items"]
    assert [list(item["labels"]) for item in items] == [["seg"], ["seg"], ["depth"]]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_features_that_are_not_finite_choose_no_image(value):
    with pytest.raises(ValueError, match="not finite"):
        herding(torch.tensor([[0.0], [value], [4.0]]), 2)
