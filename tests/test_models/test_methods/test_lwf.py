import math
from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.heads import ChannelHead, SegmentationHead
from mmlhl.models.methods import LwF, lwf

from .user_heads import KindsHead


def test_mean_over_the_valid_pixels_of_each_image_by_hand(decoder_config):
    head = ChannelHead(decoder_config(), 1, "edge_map")
    teacher = torch.zeros(2, 1, 1, 3)
    student = torch.tensor([[1.0, 3.0, 50.0], [6.0, 50.0, 50.0]]).view(2, 1, 1, 3)
    valid = torch.tensor([[[True, True, False]], [[True, False, False]]])
    losses = LwF().distill(head, student, teacher, valid)
    assert set(losses) == {"loss_lwf"}
    assert losses["loss_lwf"].item() == pytest.approx((2 + 6) / 2)


def test_weight_is_shared_by_old_tasks(model_config, samples):
    torch.manual_seed(1)
    model = MODELS.build(
        model_config(tasks=["seg", "depth", "normal"], new_tasks=["normal"])
    ).train()
    model.set_teacher(MODELS.build(model_config(tasks=["seg", "depth"])))
    inputs = torch.randn(2, 3, 32, 48)
    step = model.make_step(inputs, samples(), with_teacher=True)
    losses = LwF(loss_weight=4.0).losses(model, step)
    assert set(losses) == {"seg.loss_lwf", "depth.loss_lwf"}
    labels = step.teacher.labels
    head = model.heads["depth"]
    pred = head.activate(head(step.feats), (32, 48))
    expected = 4 / 2 * (pred - labels["depth"]).abs().mean()
    torch.testing.assert_close(losses["depth.loss_lwf"], expected)
    sum(losses.values()).backward()
    assert model.backbone.conv1.weight.grad.abs().sum() > 0
    # no teacher and no old task in the first phase
    model.new_tasks = model.tasks
    assert LwF().losses(model, step) == {}


def test_wrong_weight():
    with pytest.raises(ValueError, match="LwF: loss_weight must be a number >= 0, got -3"):
        LwF(loss_weight=-3)


def test_soft_targets_of_classes_by_hand(decoder_config):
    head = SegmentationHead(decoder_config(), 2)
    student = torch.tensor([0.2, 0.8]).log().view(1, 2, 1, 1)
    teacher = torch.tensor([0.9, 0.1]).log().view(1, 2, 1, 1)
    valid = torch.ones(1, 1, 1, dtype=torch.bool)
    # square roots of 0.9 and 0.1 are as 3 to 1, those of 0.2 and 0.8 as 1 to 2
    expected = -(0.75 * math.log(1 / 3) + 0.25 * math.log(2 / 3))
    method = LwF(temperature=2)
    assert method.needs_teacher_predictions and not LwF().needs_teacher_predictions
    found = method.distill(head, student, teacher, valid)["loss_lwf"]
    assert found.item() == pytest.approx(expected, rel=1e-6)
    hard = LwF().distill(head, student, head.pseudo_label(teacher), valid)["loss_lwf"]
    assert hard.item() == pytest.approx(-math.log(0.2), rel=1e-6)


def test_a_temperature_leaves_regression_as_it_is(build, batch):
    model = build(dict(type="LwF", temperature=2.0), ["seg", "depth", "normal"], ["normal"])
    model.set_teacher(build(dict(type="Naive"), ["seg", "depth"], ["depth"], seed=1))
    data = model.data_preprocessor(batch(), training=True)
    step = model.make_step(data["inputs"], data["data_samples"], with_teacher=True)
    assert set(step.teacher.predictions) == {"seg", "depth"}
    soft, hard = model.method.losses(model, step), LwF().losses(model, step)
    torch.testing.assert_close(soft["depth.loss_lwf"], hard["depth.loss_lwf"])
    assert soft["seg.loss_lwf"] != hard["seg.loss_lwf"]


def test_a_head_of_classes_without_a_temperature_is_warned_of(monkeypatch):
    lines = []
    monkeypatch.setattr(lwf, "print_log", lambda text, *_: lines.append(text))
    tiny = dict(
        type="FCNHead", in_channels=4, channels=4, in_index=0, num_convs=0, concat_input=False
    )
    heads = dict(
        kind=KindsHead(tiny), seg=SegmentationHead(tiny, 2), edge=ChannelHead(tiny, 1, "e")
    )
    model = SimpleNamespace(heads=heads, old_tasks=list(heads), new_tasks=["new"])
    LwF().check_phase(model, Phase())
    assert not lines
    LwF(temperature=2).check_phase(model, Phase())
    (line,) = lines
    assert line.endswith(
        "temperature=2 has no effect on task 'kind': KindsHead defines no soft_distance"
    )


class Phase:
    """A runner of four iterations, two an epoch."""

    train_dataloader, max_iters = [0, 1], 4


@pytest.mark.parametrize("options", [dict(warmup=1), dict(warmup=2, warmup_by_epoch=False)])
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_warm_up_trains_the_new_heads_only(build, batch, options, interrupted):
    model = build(dict(type="LwF", **options))
    model.set_teacher(build(dict(type="Naive"), ["seg"], ["seg"], seed=1))
    method = model.method
    method.begin_phase(model, Phase)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.1)
    moved = []
    for seed in range(3):
        if interrupted and seed == 1:
            state, method.iters = method.state_dict(), 99
            method.load_state_dict(state)
        data = model.data_preprocessor(batch(seed=seed), training=True)
        losses = model.loss(**data)
        optimizer.zero_grad()
        sum(value for name, value in losses.items() if "loss" in name).backward()
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        method.edit_gradients(model)
        optimizer.step()
        moved.append({n for n, p in model.named_parameters() if not torch.equal(p, before[n])})
    new = {name for name in before if name.startswith("heads.depth.")}
    assert moved[0] == moved[1] == new and moved[2] > new
    method.end_phase(model, Phase)
    assert method.iters == 0


def test_the_first_phase_has_no_warm_up_and_a_long_one_is_refused(build):
    first = build(dict(type="LwF", warmup=9), ["seg"], ["seg"])
    first.method.begin_phase(first, Phase)
    assert first.method.warmup_iters == 0
    second = build(dict(type="LwF", warmup=2))
    with pytest.raises(ValueError, match=r"warmup=2 is 4 iterations.*\['depth'\] has only 4"):
        second.method.begin_phase(second, Phase)
    assert LwF(warmup=1).edits_gradients and not LwF().edits_gradients


@pytest.mark.parametrize("options", [dict(temperature=0), dict(warmup=-1), dict(warmup=0.5)])
def test_wrong_options(options):
    with pytest.raises(ValueError, match=f"LwF: {next(iter(options))} must be"):
        LwF(**options)


@pytest.mark.parametrize("method", ["LwF", "HAD", "HADRelease"])
def test_teachers_are_the_last_or_the_first(method):
    assert MODELS.build(dict(type=method)).teachers == "last"
    assert MODELS.build(dict(type=method, teachers="first")).teachers == "first"
    with pytest.raises(ValueError, match=rf"{method}: teachers must be one of .* got 'each'"):
        MODELS.build(dict(type=method, teachers="each"))


@pytest.mark.parametrize("own", [dict(type="Tether"), dict(type="HADHeteroAKD", hakd=dict(seg={}))])
def test_methods_that_compare_inner_maps_have_one_teacher(own):
    with pytest.raises(ValueError, match=f"{own['type']}: teachers='first' is not possible"):
        MODELS.build(dict(own, teachers="first"))


def test_a_composite_has_the_teachers_of_its_method():
    sgp = dict(type="SGP")
    for teachers in ("last", "first"):
        lwf = dict(type="LwF", teachers=teachers)
        assert MODELS.build(dict(type="Composite", methods=[sgp, lwf])).teachers == teachers
    assert MODELS.build(dict(type="Composite", methods=[sgp, dict(type="EWC")])).teachers == "last"
