import math

import pytest
import torch

from mmlhl.models.losses.heteroakd_loss import (
    HeteroAKDLoss,
    element_entropy,
    evaluate_knowledge,
    heteroakd,
    mix_knowledge,
)


def by_hand(z_student, z_teacher, label, tau):
    """Section 3 of the paper for one pixel, in plain floats."""

    def entropy(z, y):
        p = 1 / (1 + math.exp(-z))
        return -(y * math.log(p) + (1 - y) * math.log(1 - p))

    def softmax(values):
        total = sum(math.exp(value) for value in values)
        return [math.exp(value) / total for value in values]

    mix, evidence = [], []
    for c, (s, t) in enumerate(zip(z_student, z_teacher, strict=True)):
        y = float(c == label)
        h_s, h_t = entropy(s, y), entropy(t, y)
        share = 1 - h_t / (h_t + h_s)
        mix.append(share * t + (1 - share) * s)
        evidence.append(h_s + max(0, h_s - entropy(mix[-1], y)))
    weight = softmax(evidence)
    p = softmax([z / tau for z in mix])
    q = softmax([z / tau for z in z_student])
    loss = -(tau**2) * sum(w * a * math.log(b) for w, a, b in zip(weight, p, q, strict=True))
    # With weight and p constant: d/dz_k of -sum_c w_c p_c log q_c = q_k sum_c w_c p_c - w_k p_k.
    total = sum(w * a for w, a in zip(weight, p, strict=True))
    gradient = [tau * (b * total - w * a) for w, a, b in zip(weight, p, q, strict=True)]
    return mix, weight, loss, gradient


PIXELS = [([0.3, -1.0, 2.0], [1.5, -2.0, -0.5], 0), ([0.0, 0.5, -3.0], [2.0, 1.0, 1.0], 2)]


def as_maps(dtype=torch.float64):
    """The pixels side by side, followed by an ignored one."""
    junk = [50.0, -50.0, 9.0]
    student = torch.tensor([pixel[0] for pixel in PIXELS] + [junk], dtype=dtype).T[None, :, None]
    teacher = torch.tensor([pixel[1] for pixel in PIXELS] + [junk], dtype=dtype).T[None, :, None]
    label = torch.tensor([[[pixel[2] for pixel in PIXELS] + [255]]])
    return student.clone().requires_grad_(), teacher.clone().requires_grad_(), label


@pytest.mark.parametrize("tau", [1.0, 4.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_by_hand(tau, dtype):
    student, teacher, label = as_maps(dtype)
    expected = [by_hand(*pixel, tau) for pixel in PIXELS]
    loss = heteroakd(student, teacher, label, tau)
    assert loss.item() == pytest.approx(sum(e[2] for e in expected) / 2, rel=1e-5)

    loss.backward()
    gradient = [[g / 2 for g in e[3]] for e in expected] + [[0, 0, 0]]
    torch.testing.assert_close(
        student.grad[0, :, 0].T, torch.tensor(gradient, dtype=dtype), rtol=1e-5, atol=1e-7
    )
    assert teacher.grad is None


def test_mix_and_weights_by_hand():
    student, teacher, label = as_maps()
    target = torch.nn.functional.one_hot(label.clamp(max=2), 3).movedim(-1, 1).double()
    valid = label != 255
    mix = mix_knowledge(student, teacher, target)
    weight = evaluate_knowledge(student, mix, target, valid)
    for i, pixel in enumerate(PIXELS):
        expected_mix, expected_weight, *_ = by_hand(*pixel, 1)
        assert mix[0, :, 0, i].tolist() == pytest.approx(expected_mix)
        assert weight[0, :, 0, i].tolist() == pytest.approx(expected_weight)
    assert not mix.requires_grad and not weight.requires_grad
    assert (weight[..., 2] == 0).all()


def test_equal_entropies_give_the_mean():
    z_student, z_teacher = torch.randn(2, 1, 4, 3, 3).unbind(0)
    target = torch.zeros(1, 4, 3, 3)
    # The mean of equal logits is the logit, and 0 / 0, both certain and right, is the mean too.
    torch.testing.assert_close(mix_knowledge(z_teacher, z_teacher, target), z_teacher)
    certain_s, certain_t = torch.full_like(target, -1e4), torch.full_like(target, -3e4)
    assert element_entropy(certain_s, target).sum() == 0
    assert (mix_knowledge(certain_s, certain_t, target) == -2e4).all()


def test_equal_entropies_of_unequal_logits_give_the_mean():
    # With a target of one half, z and -z have the same entropy.
    z = torch.tensor([[[[2.0]]]])
    target = torch.full_like(z, 0.5)
    assert mix_knowledge(z, -z, target).item() == pytest.approx(0, abs=1e-6)


def test_perfect_teacher_gives_the_teachers():
    z_student = torch.randn(1, 3, 4, 4)
    target = torch.nn.functional.one_hot(torch.randint(3, (1, 4, 4)), 3).movedim(-1, 1).float()
    z_teacher = 400 * target - 200
    assert torch.equal(mix_knowledge(z_student, z_teacher, target), z_teacher)


@pytest.mark.parametrize("softmax_over, dims", [("classes", 1), ("space", (2, 3))])
def test_weights_sum_to_one(softmax_over, dims):
    z_student, z_teacher = 5 * torch.randn(2, 2, 4, 6, 5)
    target = torch.nn.functional.one_hot(torch.randint(4, (2, 6, 5)), 4).movedim(-1, 1).float()
    valid = torch.rand(2, 6, 5) > 0.3
    mix = mix_knowledge(z_student, z_teacher, target)
    weight = evaluate_knowledge(z_student, mix, target, valid, softmax_over)
    expected = valid.float() if softmax_over == "classes" else torch.ones(2, 4)
    torch.testing.assert_close(weight.sum(dims), expected)
    assert (weight[~valid[:, None].expand_as(weight)] == 0).all()


def test_softmax_over_space_by_hand():
    # One class, two pixels: p = q = 1 and log q = 0, so give it a second, always equal one.
    z_student = torch.zeros(1, 2, 1, 2)
    z_teacher = torch.zeros(1, 2, 1, 2)
    loss = heteroakd(z_student, z_teacher, torch.tensor([[[0, 1]]]), 1.0, "space")
    # All evidence is equal: weights 1/2, probabilities 1/2, so 1/2 ln 2 for each of two pixels,
    # and the mean over classes.
    assert loss.item() == pytest.approx(0.5 * math.log(2))


@pytest.mark.parametrize("softmax_over", ["classes", "space"])
def test_ignored_pixels_have_no_effect(softmax_over):
    student, teacher, label = as_maps()
    loss = heteroakd(student, teacher, label, 4.0, softmax_over)
    cropped = heteroakd(student[..., :2], teacher[..., :2], label[..., :2], 4.0, softmax_over)
    assert loss.item() == pytest.approx(cropped.item())
    loss.backward()
    assert (student.grad[..., 2] == 0).all() and (student.grad[..., :2] != 0).all()


@pytest.mark.parametrize("softmax_over", ["classes", "space"])
def test_all_pixels_ignored_gives_a_differentiable_zero(softmax_over):
    student, teacher, label = as_maps()
    loss = heteroakd(student, teacher, torch.full_like(label, 255), 4.0, softmax_over)
    loss.backward()
    assert loss.item() == 0 and (student.grad == 0).all()


def make_loss(**kwargs):
    return HeteroAKDLoss(num_classes=3, student_channels=4, teacher_channels=6, **kwargs)


def make_features():
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(2, 4, 3, 4, generator=generator, requires_grad=True)
    teacher = torch.randn(2, 6, 6, 8, generator=generator, requires_grad=True)
    label = torch.randint(3, (2, 24, 32), generator=generator)
    label[0, :12] = 255
    return student, teacher, label


@pytest.mark.parametrize("grid", ["student", "teacher"])
@pytest.mark.parametrize("softmax_over", ["classes", "space"])
@pytest.mark.parametrize("relu", [True, False])
def test_module_trains_projectors_and_student_only(grid, softmax_over, relu):
    loss = make_loss(grid=grid, softmax_over=softmax_over, relu=relu)
    student, teacher, label = make_features()
    losses = loss(student, teacher, label)
    assert set(losses) == {"loss_hakd", "loss_projector_student", "loss_projector_teacher"}
    assert (loss.student_projector(student) >= 0).all() == relu
    losses["loss_hakd"].backward(retain_graph=True)
    assert student.grad.abs().sum() > 0
    assert all(p.grad is None for p in loss.teacher_projector.parameters())
    sum(losses.values()).backward()
    # No parameter without gradient, which DDP would complain about.
    assert all(p.grad is not None and p.grad.isfinite().all() for p in loss.parameters())
    assert teacher.grad is None


def test_supervision_need_not_reach_the_student():
    student, teacher, label = make_features()
    loss = make_loss(supervise_features=False)
    losses = loss(student, teacher, label)
    losses["loss_projector_student"].backward()
    assert student.grad is None
    assert loss.student_projector.conv.weight.grad.abs().sum() > 0
    same = make_loss()
    same.load_state_dict(loss.state_dict())
    expected = same(student, teacher, label)
    for name, value in losses.items():
        assert value.item() == pytest.approx(expected[name].item())


def test_weights_scale():
    student, teacher, label = make_features()
    one, other = make_loss(), make_loss(loss_weight=3.0, projector_weight=0.0)
    other.load_state_dict(one.state_dict())
    a, b = one(student, teacher, label), other(student, teacher, label)
    assert b["loss_hakd"].item() == pytest.approx(3 * a["loss_hakd"].item())
    assert b["loss_projector_student"] == 0 and b["loss_projector_teacher"] == 0


def test_all_ignored_batch():
    student, teacher, label = make_features()
    loss = make_loss()
    total = sum(loss(student, teacher, torch.full_like(label, 255)).values())
    total.backward()
    assert total.item() == 0
    assert all((p.grad == 0).all() for p in loss.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_finite(dtype):
    student, teacher, label = make_features()
    loss = make_loss()
    with torch.autocast("cpu", dtype=dtype):
        # Features of 1e4: a sum over channels in float16 would overflow.
        losses = loss((1e4 * student).to(dtype), (1e4 * teacher).to(dtype), label)
    sum(losses.values()).backward()
    assert all(value.dtype == torch.float32 and value.isfinite() for value in losses.values())
    assert student.grad.isfinite().all()


@pytest.mark.parametrize(
    "option",
    [dict(grid="both"), dict(softmax_over="pixels"), dict(tau=0), dict(projector_weight=-1)],
)
def test_wrong_options(option):
    (key,) = option
    with pytest.raises(ValueError, match=key):
        make_loss(**option)
