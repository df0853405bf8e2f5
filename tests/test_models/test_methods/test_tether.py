import pytest
import torch

from mmlhl.models.heads import ChannelHead, NormalHead, SegmentationHead
from mmlhl.models.losses import unexplained, weighted_centre
from mmlhl.models.methods import Composite, Tether
from mmlhl.models.methods.matching import share_lost

VALID = torch.tensor([[[True, True, True, False]]])


def test_the_share_of_the_variance_by_hand(decoder_config):
    head = ChannelHead(decoder_config(), 1, "edge_map")
    teacher = torch.tensor([1.0, 3.0, 5.0, 99.0]).view(1, 1, 1, 4)
    student = torch.tensor([1.0, 4.0, 5.0, float("nan")]).view(1, 1, 1, 4)
    assert weighted_centre(teacher, VALID).item() == 3
    share = Tether().distill(head, student, teacher, VALID)["loss_tether"]
    assert share.item() == pytest.approx(1 / 8)
    # in another unit it is the same, zero for the teacher, one for its mean
    for scale in (1000.0, 1e-3, 1e-6):
        same = Tether().distill(head, scale * student, scale * teacher, VALID)["loss_tether"]
        assert same.item() == pytest.approx(1 / 8, rel=1e-5)
    flat = torch.full_like(teacher, 3.0)
    assert Tether().distill(head, teacher, teacher, VALID)["loss_tether"] == 0
    assert Tether().distill(head, flat, teacher, VALID)["loss_tether"].item() == pytest.approx(1)


def test_classes_are_held_by_logits_and_normals_by_direction(decoder_config):
    classes = SegmentationHead(decoder_config(), 2)
    teacher = torch.tensor([[4.0, 0.0], [0.0, 4.0]]).T.reshape(1, 2, 1, 2)
    valid = torch.ones(1, 1, 2, dtype=torch.bool)
    surer = Tether().distill(classes, 2 * teacher, teacher, valid)["loss_tether"]
    assert surer.item() == pytest.approx(2)  # the same classes: (16 + 0) / 2 against 4
    normals = NormalHead(decoder_config())
    teacher = torch.eye(3)[:2].T.reshape(1, 3, 1, 2)
    assert Tether().distill(normals, 5 * teacher, teacher, valid)["loss_tether"] == 0


def test_gradient_vanishes_near_the_teacher_and_without_valid_pixels():
    student = torch.tensor([[[1.0, 2.0]]], requires_grad=True)
    for gap in (1.0, 0.1):
        target = student.detach() - gap
        spread = torch.full((1, 1, 2), 2.0, requires_grad=True)
        valid = torch.ones(1, 1, 2, dtype=torch.bool)
        loss = unexplained((student - target).square(), spread, valid)
        (gradient,) = torch.autograd.grad(loss, student, retain_graph=True)
        torch.testing.assert_close(gradient, torch.full_like(student, gap / 2))
        assert torch.autograd.grad(loss, spread, allow_unused=True) == (None,)
    nothing = unexplained(student.square(), student.square(), ~valid)
    nothing.backward()
    assert nothing == 0 and student.grad.abs().max() == 0
    alike = unexplained(torch.ones(1, 1, 2), torch.zeros(1, 1, 2), valid, floor=0.5)
    assert alike == 2  # a teacher that says the same everywhere


@pytest.mark.parametrize("frozen", [False, True])
def test_a_step_of_two_old_tasks(build, batch, frozen):
    method = dict(type="Tether", loss_weight=4.0, train_old_heads=not frozen)
    model = build(method, ["seg", "depth", "normal"], ["normal"])
    model.set_teacher(build(dict(type="Naive"), ["seg", "depth"], ["depth"], seed=1))
    data = model.data_preprocessor(batch(), training=True)
    step = model.make_step(data["inputs"], data["data_samples"], with_teacher=True)
    losses = model.method.losses(model, step)
    assert set(losses) == {"seg.loss_tether", "depth.loss_tether"}
    now = model.heads["depth"](step.feats)
    then = model.teacher.heads["depth"](step.teacher.feats)
    assert torch.equal(step.teacher.maps["depth"], then)
    assert not step.teacher.labels  # nobody uses them
    expected = 4 / 2 * (now - then).square().mean() / then.var(unbiased=False)
    torch.testing.assert_close(losses["depth.loss_tether"], expected)
    sum(losses.values()).backward()
    assert model.backbone.conv1.weight.grad.abs().sum() > 0
    grads = [p.grad for p in model.heads["depth"].parameters()]
    assert all((grad is None) == frozen for grad in grads)
    assert model.heads["depth"].training != frozen


def test_another_grid_of_the_teacher_is_brought_to_the_students(build, batch):
    model = build(dict(type="Tether"))
    model.set_teacher(build(dict(type="Naive"), ["seg"], ["seg"], seed=1))
    data = model.data_preprocessor(batch(), training=True)
    step = model.make_step(data["inputs"], data["data_samples"], with_teacher=True)
    maps = step.teacher.maps["seg"]
    step.teacher.maps["seg"] = model.heads["seg"].resize(
        maps, [2 * side for side in maps.shape[2:]]
    )
    found = model.method.losses(model, step)["seg.loss_tether"]
    assert found.isfinite() and found > 0


@pytest.mark.parametrize("kind", ["LwF", "HAD", "HADRelease"])
def test_old_heads_are_frozen_with_other_distillation(build, batch, kind):
    model = build(dict(type=kind, train_old_heads=False))
    model.set_teacher(build(dict(type="Naive"), ["seg"], ["seg"], seed=1))
    data = model.data_preprocessor(batch(), training=True)
    step = model.make_step(data["inputs"], data["data_samples"], with_teacher=True)
    sum(model.method.losses(model, step).values()).backward()
    assert all(p.grad is None and not p.requires_grad for p in model.heads["seg"].parameters())
    assert model.backbone.conv1.weight.grad.abs().sum() > 0 and not model.heads["seg"].training
    assert model.method.needs_same_encoder


def test_what_it_needs_and_what_its_options_change():
    assert Tether().needs_teacher_maps and not Tether().needs_same_encoder
    frozen = Tether(train_old_heads=False)
    assert frozen.needs_same_encoder and not frozen.trains_old_heads
    pair = Composite([dict(type="Tether", train_old_heads=False), dict(type="EWC")])
    assert pair.needs_teacher_maps and not pair.trains_old_heads
    other = Composite([dict(type="LwF"), dict(type="EWC")])
    assert other.needs_teacher_labels and not other.needs_teacher_maps
    assert not pair.needs_teacher_labels
    with pytest.raises(ValueError, match="Tether: loss_weight must be a number >= 0, got -1"):
        Tether(loss_weight=-1)
    with pytest.raises(ValueError, match="LwF and Tether cannot go together"):
        Composite([dict(type="LwF"), dict(type="Tether")])


@pytest.mark.parametrize("value", [0.0, 3.0])
@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_a_constant_map_is_the_measure_of_what_is_lost_of_it(decoder_config, value, unit):
    head = ChannelHead(decoder_config(), 1, "edge_map")
    valid = torch.ones(1, 2, 2, dtype=torch.bool)
    teacher = torch.full((1, 1, 2, 2), value * unit)
    student = (
        teacher + unit * torch.tensor([1.0, -1.0, 1.0, -1.0]).view(1, 1, 2, 2)
    ).requires_grad_()
    loss = share_lost(head, student, teacher, valid)
    expected = 1 / (value**2 + 1)  # squared error 1 of a mean square of value^2 + 1, the student's
    assert loss.item() == pytest.approx(expected)
    loss.backward()
    assert student.grad.abs().max() * unit <= 1
    assert share_lost(head, teacher, teacher, valid).item() == 0
