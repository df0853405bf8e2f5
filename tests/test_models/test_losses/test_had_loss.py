from pathlib import Path

import numpy as np
import pytest
import torch

from mmlhl.models.heads import ChannelHead, DepthHead, NormalHead, SegmentationHead
from mmlhl.models.losses import HADLoss, distribution_balanced, salience_guided
from mmlhl.models.losses.had_loss import salient_pixels, sobel_magnitude

GOLDEN = dict(np.load(Path(__file__).parents[2] / "data" / "had_equations.npz"))
TASKS = ("seg", "depth", "normal", "reg")


def head_of(task):
    decoder = dict(type="FCNHead", in_channels=2, channels=2, num_convs=1)
    return {
        "seg": lambda: SegmentationHead(decoder, 6),
        "depth": lambda: DepthHead(decoder),
        "normal": lambda: NormalHead(decoder),
        "reg": lambda: ChannelHead(decoder, 2, "edge_map"),
    }[task]()


def maps(task, dtype):
    """Distance and groups as a method gets them from the head, and the student's raw map."""
    head = head_of(task)
    student = torch.tensor(GOLDEN[f"{task}_student"], dtype=dtype, requires_grad=True)
    teacher = torch.tensor(GOLDEN[f"{task}_teacher"], dtype=dtype)
    label = head.pseudo_label(head.activation(teacher))
    return head.distance(head.activation(student), label), head.groups(label), student


def random_case(seed=0, n=3, height=9, width=11, groups=5):
    generator = torch.Generator().manual_seed(seed)
    distance = torch.rand(n, height, width, generator=generator, dtype=torch.float64) + 0.01
    ids = torch.randint(groups, (n, height, width), generator=generator)
    ids[0][ids[0] == 2] = 1  # an image that lacks a group
    valid = torch.rand(n, height, width, generator=generator) < 0.8
    return distance, ids, valid


# -- golden values -----------------------------------------------------------------------------
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_golden_values(task, dtype):
    distance, groups, student = maps(task, dtype)
    # normals: 1 - cosine of the reference is inexact, so compare with the map's own scale
    scale = GOLDEN[f"{task}_map"].max()
    np.testing.assert_allclose(
        distance.detach(), GOLDEN[f"{task}_map"], rtol=1e-5, atol=1e-6 * scale
    )
    np.testing.assert_array_equal(groups, GOLDEN[f"{task}_group"])
    sobel = sobel_magnitude(distance.detach())
    np.testing.assert_allclose(sobel, GOLDEN[f"{task}_sobel"], rtol=1e-4, atol=1e-5 * scale)
    valid = torch.ones_like(groups, dtype=torch.bool)
    k, eps = float(GOLDEN["k"]), float(GOLDEN["eps"])
    db = distribution_balanced(distance, groups, valid, eps=eps)
    sg = salience_guided(distance, valid, k)
    np.testing.assert_allclose(db.detach(), GOLDEN[f"{task}_db"], rtol=1e-5)
    np.testing.assert_allclose(sg.detach(), GOLDEN[f"{task}_sg"], rtol=1e-5)
    losses = HADLoss()(distance, groups, valid)
    assert losses["loss_had_db"].item() == pytest.approx(GOLDEN[f"{task}_db"].mean(), rel=1e-5)
    assert losses["loss_had_sg"].item() == pytest.approx(GOLDEN[f"{task}_sg"].mean(), rel=1e-5)
    sum(losses.values()).backward()
    assert student.grad.isfinite().all() and student.grad.abs().sum() > 0


def test_defaults_are_the_papers():
    loss = HADLoss()
    assert (loss.k, loss.eps, loss.mean, loss.offset) == (0.9, 1e-6, "geometric", 0.0)


# -- the vectorised form against plain loops ------------------------------------------------------
def naive_db(distance, groups, valid, mean, eps, offset):
    values = []
    for image, ids, counts in zip(distance.numpy(), groups.numpy(), valid.numpy(), strict=True):
        terms = []
        for group in np.unique(ids[counts & (ids >= 0)]):
            inside = image[counts & (ids == group)]
            if mean == "geometric":
                terms.append(np.exp(np.mean(np.log(np.maximum(inside + offset, eps)))))
            else:
                terms.append(inside.mean())
        values.append(np.mean(terms) if terms else 0.0)
    return np.array(values)


def naive_sg(distance, valid, k):
    kernel = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    values = []
    for image, counts in zip(distance.numpy(), valid.numpy(), strict=True):
        image = np.where(counts, image, 0.0)
        padded = np.pad(image, 1)
        magnitude = np.zeros_like(image)
        for y, x in np.ndindex(*image.shape):
            window = padded[y : y + 3, x : x + 3]
            magnitude[y, x] = np.hypot((kernel * window).sum(), (kernel.T * window).sum())
        if not counts.any():
            values.append(0.0)
            continue
        low, high = magnitude[counts].min(), magnitude[counts].max()
        scaled = (magnitude - low) / (high - low) if high > low else np.zeros_like(magnitude)
        chosen = image[(scaled > k) & counts]
        values.append(chosen.mean() if len(chosen) else 0.0)
    return np.array(values)


@pytest.mark.parametrize("mean", ["geometric", "arithmetic"])
@pytest.mark.parametrize("offset", [0.0, 0.05])
@pytest.mark.parametrize("num_groups", [None, 5, 40])
def test_equals_loops_over_images_and_groups(mean, offset, num_groups):
    distance, groups, valid = random_case()
    groups[1, :2] = -1  # in no group
    got = distribution_balanced(distance, groups, valid, num_groups, mean, 1e-6, offset)
    np.testing.assert_allclose(
        got, naive_db(distance, groups, valid, mean, 1e-6, offset), rtol=1e-12
    )


@pytest.mark.parametrize("k", [0.0, 0.5, 0.9])
def test_salience_equals_loops(k):
    distance, _, valid = random_case(seed=1)
    valid[2] = False
    np.testing.assert_allclose(
        salience_guided(distance, valid, k), naive_sg(distance, valid, k), rtol=1e-12
    )


@pytest.mark.parametrize("mean", ["geometric", "arithmetic"])
def test_float32_keeps_its_digits_on_large_images(mean):
    generator = torch.Generator().manual_seed(0)
    distance = torch.rand(1, 512, 512, generator=generator) ** 4
    groups = (torch.rand(1, 512, 512, generator=generator) > 0.3).long()
    valid = torch.ones_like(groups, dtype=torch.bool)
    got, exact = (
        distribution_balanced(values, groups, valid, 2, mean).item()
        for values in (distance, distance.double())
    )
    assert got == pytest.approx(exact, rel=1e-5)


# -- gradients ---------------------------------------------------------------------------------
@pytest.mark.parametrize("mean", ["geometric", "arithmetic", "pixel"])
def test_gradients_equal_finite_differences(mean):
    distance, groups, valid = random_case(n=2, height=5, width=6)
    distance.requires_grad_()
    loss = HADLoss(mean=mean, offset=0.02 if mean == "geometric" else 0.0, k=0.6)

    def both(values):
        return sum(loss(values, groups, valid).values())

    assert torch.autograd.gradcheck(both, (distance,), eps=1e-6, atol=1e-7)


def test_gradient_of_the_geometric_mean_by_hand():
    # one image, two groups of two pixels: d/dI_i = G / (n_g I_i) / groups
    distance = torch.tensor([[[1.0, 4.0], [2.0, 8.0]]], requires_grad=True)
    groups = torch.tensor([[[0, 0], [1, 1]]])
    valid = torch.ones(1, 2, 2, dtype=torch.bool)
    value = distribution_balanced(distance, groups, valid)
    assert value.item() == pytest.approx((2 + 4) / 2)
    value.sum().backward()
    expected = torch.tensor([[[2 / 2 / 1, 2 / 2 / 4], [4 / 2 / 2, 4 / 2 / 8]]]) / 2
    torch.testing.assert_close(distance.grad, expected)


def test_no_gradient_through_the_salience_mask():
    distance, _, valid = random_case(seed=2, n=1)
    distance.requires_grad_()
    chosen = salient_pixels(distance.detach(), valid)
    assert 0 < chosen.sum() < valid.sum()
    salience_guided(distance, valid).sum().backward()
    torch.testing.assert_close(distance.grad, chosen.double() / chosen.sum())


# -- invalid pixels --------------------------------------------------------------------------------
@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), -5.0, 1e9])
def test_padding_on_the_right_and_below_changes_nothing(garbage):
    distance, groups, _ = random_case()
    loss, valid = HADLoss(), torch.ones_like(groups, dtype=torch.bool)
    expected = loss(distance, groups, valid)
    pad = (0, 5, 0, 3)
    padded = torch.nn.functional.pad(distance, pad, value=garbage).requires_grad_()
    got = loss(
        padded,
        torch.nn.functional.pad(groups, pad, value=4),
        torch.nn.functional.pad(valid, pad, value=False),
    )
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, rtol=1e-12, atol=0)
    sum(got.values()).backward()
    assert padded.grad.isfinite().all()
    assert (padded.grad[:, 9:] == 0).all() and (padded.grad[..., 11:] == 0).all()


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e9])
@pytest.mark.parametrize("mean", ["geometric", "arithmetic", "pixel"])
def test_values_at_invalid_pixels_change_nothing(garbage, mean):
    distance, groups, valid = random_case()
    loss = HADLoss(mean=mean)
    expected = loss(distance, groups, valid)
    spoilt = distance.masked_fill(~valid, garbage).requires_grad_()
    ids = groups.masked_fill(~valid, 3)
    got = loss(spoilt, ids, valid)
    for name, value in expected.items():
        assert got[name].item() == value.item()
    sum(got.values()).backward()
    assert spoilt.grad.isfinite().all() and (spoilt.grad[~valid] == 0).all()


def test_image_without_valid_pixels_gives_a_differentiable_zero():
    distance, groups, valid = random_case()
    valid[:] = False
    distance = distance.masked_fill(~valid, float("nan")).requires_grad_()
    losses = HADLoss()(distance, groups, valid)
    assert {name: value.item() for name, value in losses.items()} == dict(
        loss_had_db=0.0, loss_had_sg=0.0
    )
    sum(losses.values()).backward()
    assert (distance.grad == 0).all()


def test_empty_image_is_zero_in_the_batch_mean():
    distance, groups, valid = random_case(n=2)
    alone = HADLoss()(distance[:1], groups[:1], valid[:1])
    valid[1] = False
    both = HADLoss()(distance, groups, valid)
    for name, value in alone.items():
        assert both[name].item() == pytest.approx(value.item() / 2)


def test_a_constant_map_has_salient_pixels_only_at_its_border():
    # zero padding makes edges at the border, strongest in no corner; nothing inside
    distance = torch.full((1, 5, 6), 2.0)
    chosen = salient_pixels(distance, torch.ones(1, 5, 6, dtype=torch.bool))
    assert not chosen[0, 1:-1, 1:-1].any()
    # all zero: no edge at all, nothing is salient
    zero = torch.zeros(1, 5, 6, requires_grad=True)
    value = salience_guided(zero, torch.ones(1, 5, 6, dtype=torch.bool))
    value.sum().backward()
    assert value.item() == 0 and (zero.grad == 0).all()


# -- half precision ----------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("value", [0.0, 1e-7, 6e4])
def test_half_precision_is_finite(dtype, value):
    distance = torch.full((2, 40, 50), value, dtype=dtype)
    distance[:, 10:20, 10:20] = 1.0
    distance.requires_grad_()
    groups = torch.zeros(2, 40, 50, dtype=torch.long)
    valid = torch.ones(2, 40, 50, dtype=torch.bool)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = HADLoss()(distance, groups, valid)
    total = sum(losses.values())
    total.backward()
    assert total.dtype == torch.float32 and total.isfinite()
    assert distance.grad.isfinite().all()
    exact = HADLoss()(distance.detach().double(), groups, valid)
    for name, loss in losses.items():
        assert loss.item() == pytest.approx(exact[name].item(), rel=1e-4)
