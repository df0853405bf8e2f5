from pathlib import Path

import numpy as np
import pytest
import torch

from mmlhl.models.losses.had_loss import salient_pixels
from mmlhl.models.losses.had_release_loss import HADReleaseLoss

DATA = Path(__file__).parents[2] / "data"
KINDS = {"seg": "classes", "depth": "scalar", "normal": "normal"}


@pytest.fixture(scope="module")
def golden():
    files = ("had_equations.npz", "had_release.npz")
    return {key: value for name in files for key, value in np.load(DATA / name).items()}


def inputs(golden, task, dtype=torch.float32):
    student = torch.tensor(golden[f"{task}_student"], dtype=dtype).requires_grad_()
    return student, torch.tensor(golden[f"{task}_teacher"], dtype=dtype)


@pytest.mark.parametrize("task", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_golden_value_and_gradient(golden, task, dtype):
    student, teacher = inputs(golden, task, dtype)
    loss = HADReleaseLoss(KINDS[task])(student, teacher)
    loss.backward()
    assert loss.item() == pytest.approx(float(golden[f"{task}_release_loss"]), rel=1e-5)
    expected = golden[f"{task}_release_grad"]
    np.testing.assert_allclose(student.grad, expected, rtol=1e-5, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize("task", KINDS)
def test_golden_edge_mask(golden, task):
    student, teacher = inputs(golden, task, torch.float64)
    distance = {
        "seg": lambda: torch.nn.functional.cross_entropy(
            student, teacher.argmax(1), reduction="none"
        ),
        "depth": lambda: (student - teacher).abs().mean(1),
        "normal": lambda: 1 - (student * teacher).mean(1),
    }[task]()
    mask = salient_pixels(distance, torch.ones_like(distance, dtype=torch.bool), k=0.9)
    np.testing.assert_array_equal(mask, golden[f"{task}_release_edge_mask"])


def test_teacher_may_be_its_classes(golden):
    student, teacher = inputs(golden, "seg")
    loss = HADReleaseLoss("classes")
    assert torch.equal(loss(student, teacher), loss(student, teacher.argmax(1)))


def test_absent_classes_count_as_zero():
    student = torch.tensor([1.0, 0.0, 0.0, -50.0]).view(1, 4, 1, 1).expand(1, 4, 2, 2)
    cross_entropy = np.log(1 + 2 * np.exp(-1))
    # One present class of four; weights are softmax(-(ce, 0, 0, 0)). A constant map seen through
    # zero padding has the same Sobel magnitude at all four pixels: no salient one.
    weight = np.exp(-cross_entropy) / (np.exp(-cross_entropy) + 3)
    loss = HADReleaseLoss("classes")(student, torch.zeros(1, 2, 2, dtype=torch.long))
    assert loss.item() == pytest.approx(weight * cross_entropy / 4 / 2, rel=1e-5)


@pytest.mark.parametrize("task", KINDS)
def test_values_at_invalid_pixels_change_nothing(golden, task):
    student, teacher = inputs(golden, task)
    valid = torch.ones(student.shape[0], *student.shape[2:], dtype=torch.bool)
    valid[0, :, 20:] = False
    loss = HADReleaseLoss(KINDS[task])
    expected = loss(student, teacher, valid)
    for garbage in (float("nan"), 1e9):
        spoilt = [x.detach().clone() for x in (student, teacher)]
        for x in spoilt:
            x[0, :, :, 20:] = garbage
        spoilt[0].requires_grad_()
        value = loss(*spoilt, valid)
        value.backward()
        assert value.item() == expected.item()
        assert spoilt[0].grad.isfinite().all()
        assert (spoilt[0].grad[0, :, :, 20:] == 0).all()
    assert expected.item() != loss(student, teacher).item()


@pytest.mark.parametrize("task", KINDS)
def test_no_valid_pixel_gives_a_differentiable_zero(golden, task):
    student, teacher = inputs(golden, task)
    valid = torch.zeros(student.shape[0], *student.shape[2:], dtype=torch.bool)
    loss = HADReleaseLoss(KINDS[task])(student, teacher, valid)
    loss.backward()
    assert loss.item() == 0
    assert (student.grad == 0).all()


@pytest.mark.parametrize("task", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_finite(golden, task, dtype):
    student, teacher = inputs(golden, task, dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = HADReleaseLoss(KINDS[task])(student, teacher)
    loss.backward()
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(float(golden[f"{task}_release_loss"]), rel=0.1)
    assert student.grad.isfinite().all() and student.grad.abs().sum() > 0


def test_identical_normals_and_constant_map_are_finite():
    student = torch.tensor([0.0, 0.0, -1.0]).view(1, 3, 1, 1).repeat(1, 1, 4, 4).requires_grad_()
    HADReleaseLoss("normal")(student, student.detach()).backward()
    assert student.grad.isfinite().all()


def test_an_empty_group_of_normals_adds_one_to_the_value_and_nothing_to_the_gradient():
    student = torch.tensor([0.0, 0.6, -0.8]).view(1, 3, 1, 1).repeat(1, 1, 4, 4)
    teacher = torch.tensor([0.0, 0.8, -0.6]).view(1, 3, 1, 1).repeat(1, 1, 4, 4)
    student.requires_grad_()
    # all background, as the channel mean is -0.07; 0.96 / 3 is the mean over channels; a constant
    # map seen through zero padding has its strongest edges along its border
    background, foreground, salient = 1 - 0.32, 1.0, 1 - 16 * 0.32 / 12
    loss = HADReleaseLoss("normal")(student, teacher)
    assert loss.item() == pytest.approx((background + foreground + salient) / 2, rel=1e-5)
    loss.backward()
    torch.testing.assert_close(student.grad, -teacher / 3 * (1 / 16 + 1 / 12) / 2)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="kind='depth'"):
        HADReleaseLoss("depth")
    for k in (90, 1, 1.0, -0.1):
        with pytest.raises(ValueError, match=f"k={k}"):
            HADReleaseLoss("scalar", k=k)
