import pytest
import torch

from mmlhl.models.heads import DepthHead
from mmlhl.models.methods import DER, DERpp, Step
from mmlhl.models.methods.matching import match, matched, same_stride
from mmlhl.models.methods.reservoir import reservoir_slots


def test_reservoir_keeps_every_item_of_a_stream_with_the_same_probability():
    kept = torch.zeros(40)
    for seed in range(2000):
        buffer = {}
        for n, slot in enumerate(reservoir_slots(0, 40, 10, seed)):
            if slot is not None:
                buffer[slot] = n
        assert sorted(buffer) == list(range(10))
        kept[list(buffer.values())] += 1
    # 2000 trials with probability 1/4: five standard deviations are 97
    assert (kept - 500).abs().max() < 97


def test_reservoir_does_not_depend_on_how_the_stream_is_cut():
    whole = reservoir_slots(0, 30, 4, seed=3)
    assert whole == reservoir_slots(0, 7, 4, 3) + reservoir_slots(7, 23, 4, 3)
    assert whole[:4] == [0, 1, 2, 3]


def test_squares_of_regression_by_hand(decoder_config):
    nan = float("nan")
    then = torch.tensor([[[[1.0, nan]]], [[[0.0, 2.0]]]])
    now = torch.tensor([[[[3.0, 9.0]]], [[[1.0, 5.0]]]], requires_grad=True)
    head = DepthHead(decoder_config())
    loss = matched(head, now, then).mean()
    assert loss.item() == pytest.approx((4 + (1 + 9) / 2) / 2)
    loss.backward()
    # image 1: d/dnow of 4 / 2; image 2: of (1 + 9) / 2 / 2
    torch.testing.assert_close(now.grad, torch.tensor([[[[2.0, 0.0]]], [[[0.5, 1.5]]]]))
    assert (matched(head, now, torch.full_like(then, nan)) == 0).all()


def test_exemplars_refuse_another_normalisation(build, batch):
    model = phase_one(build, batch, dict(type="DER", buffer_size=4))
    method = model.method
    method.begin_phase(model, None)
    again = DER(buffer_size=4)
    again.load_state_dict(method.state_dict())
    again.begin_phase(model, None)
    model.data_preprocessor.mean = model.data_preprocessor.mean + 1
    with pytest.raises(ValueError, match="DER keeps images as they were normalised.*keep that"):
        again.begin_phase(model, None)


def test_outputs_on_another_grid_are_detected():
    output = torch.arange(16.0).view(1, 4, 4)  # of a 32x32 image, stride 8
    assert same_stride(output, (32, 32), (8.0, 8.0))
    assert same_stride(output[:, :, :3], (32, 20), (8.0, 8.0))  # only rounding
    assert not same_stride(output, (32, 32), (4.0, 4.0))
    assert not same_stride(output, (32, 32), (16.0, 16.0))


@pytest.mark.parametrize("cells", [(2, 3), (8, 12)])
def test_present_map_is_resized_to_the_stored_grid(build, exemplar, cells):
    model = build(dict(type="DER", alpha=1.0), ["seg", "normal"], ["normal"]).eval()
    like = Step(torch.zeros(1, 3, 32, 48), [], [], torch.ones(1, 32, 48, dtype=torch.bool))
    items = [exemplar(task="seg"), exemplar(task="seg", size=(32, 48), seed=1)]
    step = model.method.replay(model, items, like)
    head = model.heads["normal"]
    raw = head(step.feats)  # 4 x 6 cells
    one = head.activation(head.resize(raw[:1], cells))[0]
    two = head.activation(raw[1:])[0]
    items[0]["outputs"], items[1]["outputs"] = {"normal": one}, {"normal": two}
    assert match(head, "normal", items, step) < 1e-10
    items[0]["outputs"] = {"normal": -one}  # a unit vector is 2 away from its opposite
    assert match(head, "normal", items, step).item() == pytest.approx(4 / 3 / 2, rel=1e-5)


def test_logits_of_classes_and_other_predictions_are_matched(build):
    heads = build(dict(type="Naive"), tasks=["seg", "depth", "normal"]).heads
    raw = torch.randn(1, 13, 4, 4)
    assert torch.equal(heads["seg"].replay_output(raw), raw)
    normal = heads["normal"].replay_output(raw[:, :3].half())
    torch.testing.assert_close(normal.norm(dim=1), torch.ones(1, 4, 4))


def phase_one(build, batch, method, steps=3):
    model = build(method, tasks=["seg"], new_tasks=["seg"])
    for seed in range(steps):
        model(**model.data_preprocessor(batch(seed=seed), training=True), mode="loss")
    return model


@pytest.mark.parametrize("outputs", ["trajectory", "phase_end"])
def test_the_reservoir_holds_images_with_labels_and_outputs(build, batch, outputs):
    method = dict(type="DER", buffer_size=4, outputs=outputs)
    model = phase_one(build, batch, method)
    assert model.method.seen == 6 and model.method.exemplars == 4
    items = model.method.buffer.items
    assert all(bool(item["outputs"]) == (outputs == "trajectory") for item in items)
    modes = {name: module.training for name, module in model.named_modules()}
    model.method.end_phase(model, None)
    assert modes == {name: module.training for name, module in model.named_modules()}
    for item in items:
        assert item["outputs"]["seg"].dtype == torch.float16
        assert item["labels"]["seg"].shape == (1, 32, 48)
    if outputs == "phase_end":  # those of the model as it is now
        model.eval()
        image = items[0]["image"][None].float()
        torch.testing.assert_close(
            items[0]["outputs"]["seg"].float(), model(image)["seg"][0], atol=5e-3, rtol=5e-3
        )


def test_loss_is_zero_at_the_stored_outputs_and_grows_with_the_distance(build, batch):
    first = phase_one(build, batch, dict(type="DER", outputs="phase_end"), steps=1)
    first.method.end_phase(first, None)
    model = build(dict(type="DER", alpha=2.0))
    model.load_state_dict(first.state_dict(), strict=False)
    model.method.load_state_dict(first.method.state_dict())
    model.eval()
    data = model.data_preprocessor(batch(), training=True)
    inputs, samples = data["inputs"], data["data_samples"]
    step = model.make_step(inputs, samples, with_teacher=model.method.needs_teacher)
    near = model.method.losses(model, step)
    assert set(near) == {"seg.loss_der"} and near["seg.loss_der"] < 1e-4
    with torch.no_grad():
        model.heads["seg"].decoder.conv_seg.bias += 3.0
    far = model.method.losses(model, step)["seg.loss_der"]
    # all logits 3 above the stored ones: alpha * 9, but for half precision and images of this
    # phase, which have no segmentation
    assert far.item() == pytest.approx(2.0 * 9, rel=0.02)


def test_derpp_adds_the_heads_own_loss_on_stored_labels(build, batch):
    first = phase_one(build, batch, dict(type="DERpp", beta=0.5, outputs="phase_end"), steps=1)
    first.method.end_phase(first, None)
    model = build(dict(type="DERpp", beta=0.5))
    model.method.load_state_dict(first.method.state_dict())
    model.eval()
    data = model.data_preprocessor(batch(), training=True)
    inputs, samples = data["inputs"], data["data_samples"]
    step = model.make_step(inputs, samples, with_teacher=model.method.needs_teacher)
    items = list(model.method.buffer.items)
    losses = model.method.losses(model, step)
    replay = model.method.replay(model, items, step)
    expected = model.heads["seg"].loss(replay.feats, replay.samples)["loss_ce"]
    torch.testing.assert_close(losses["seg.replay_loss_ce"], 0.5 * expected)
    assert losses["seg.loss_der"] > 0


@pytest.mark.parametrize("kind", ["DER", "DERpp"])
@pytest.mark.parametrize("filled", [True, False])
def test_every_parameter_gets_a_gradient(build, batch, exemplar, kind, filled):
    model = build(dict(type=kind))
    if filled:
        model.method.buffer.items = [exemplar(seed=seed) for seed in range(3)]
        model.method.seen = 3
    losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    sum(value for name, value in losses.items() if "loss" in name).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_exemplars_of_another_size_and_padding_are_matched_inside_only(build, exemplar):
    model = build(dict(type="DER", alpha=1.0)).eval()
    # an output of the stored size, however the batch is padded
    items = [exemplar(size=(32, 48)), exemplar(size=(16, 48), seed=1)]
    items[1]["valid"] = torch.ones(16, 48, dtype=torch.bool)
    items[1]["valid"][:, 24:] = False
    like = Step(torch.zeros(1, 3, 32, 48), [], [], torch.ones(1, 32, 48, dtype=torch.bool))
    step = model.method.replay(model, items, like)
    head = model.heads["seg"]
    raw = head(step.feats)
    for item in items:
        item["outputs"]["seg"] = torch.zeros(13, item["image"].shape[1] // 8, 6).half()
    loss = match(head, "seg", items, step)
    expected = (raw[0].square().mean() + raw[1, :, :2, :3].square().mean()) / 2
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_finite_in_mixed_precision(build, batch, exemplar, dtype):
    model = build(dict(type="DERpp", outputs="trajectory"))
    model.method.buffer.items = [exemplar(seed=seed) for seed in range(3)]
    model.method.seen = 3
    with torch.autocast("cpu", dtype=dtype):
        losses = model(**model.data_preprocessor(batch(), training=True), mode="loss")
    assert all(value.isfinite() for value in losses.values())
    assert model.method.exemplars == 5
    assert model.method.buffer.items[-1]["outputs"]["depth"].isfinite().all()


def test_state(build, batch, round_trip):
    model = phase_one(build, batch, dict(type="DERpp", buffer_size=3, outputs="trajectory"))
    other = round_trip(model.method, DERpp(buffer_size=3))
    assert other.seen == 6 and other.buffer.draws == model.method.buffer.draws > 0


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="outputs must be one of.*'end'"):
        DER(outputs="end")
    with pytest.raises(ValueError, match="heads must be one of.*'old'"):
        DERpp(heads="old")
    with pytest.raises(ValueError, match="beta must be"):
        DERpp(beta=-1.0)


@pytest.mark.parametrize("outputs", ["trajectory", "phase_end"])
@pytest.mark.parametrize("heads", ["all", "new"])
def test_after_three_phases_old_tasks_have_exemplars(build, batch, outputs, heads):
    """A buffer of two images in long phases: the images of the first phase are soon gone."""
    method, tasks = None, ["seg", "depth", "normal"]
    for phase in range(3):
        config = dict(type="DER", buffer_size=2, outputs=outputs, heads=heads)
        model = build(config, tasks=tasks[: phase + 1], new_tasks=tasks[phase : phase + 1])
        if method is not None:
            model.method.load_state_dict(method.state_dict())  # as a resume, too, takes it
        method = model.method
        method.begin_phase(model, None)
        data = model.data_preprocessor(batch(seed=phase), training=True)
        inputs, samples = data["inputs"], data["data_samples"]
        step = model.make_step(inputs, samples, with_teacher=model.method.needs_teacher)
        while {item["phase"] for item in method.buffer.items} != {phase}:
            method.observe(model, step)
        method.end_phase(model, None)
    stored = set().union(*(item["outputs"] for item in method.buffer.items))
    assert stored == (set(tasks) if heads == "all" else {"normal"})
    assert all(set(item["labels"]) == {"normal"} for item in method.buffer.items)


@pytest.mark.parametrize("kind, outputs", [("DER", "phase_end"), ("DERpp", "trajectory")])
def test_a_sequence(two_phases, kind, outputs):
    run = two_phases(dict(type=kind, buffer_size=5, outputs=outputs))
    assert [phase["exemplars"] for phase in run.record.phases] == [5, 5]
    state = run.checkpoints[1]["lifelong_method"]
    assert state["seen"] == 12 and state["phases"] == 2
    assert {item["phase"] for item in state["buffer"]["items"]} == {0, 1}
