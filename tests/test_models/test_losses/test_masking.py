import pytest
import torch

from mmlhl.models.losses.masking import full_precision, masked_mean, pixel_mean, zero_outside

VALUES = torch.tensor([[[1.0, 4.0, 3.0]], [[1.0, 4.0, 6.0]]])
MASK = torch.tensor([[[True, False, True]], [[False, False, False]]])


def test_only_half_precision_is_left():
    for dtype, expected in (
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ):
        assert full_precision(torch.ones(1, dtype=dtype)).dtype == expected


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e9])
def test_means_are_over_masked_pixels(garbage):
    values = torch.where(MASK, VALUES, garbage).requires_grad_()
    assert pixel_mean(values, MASK).tolist() == [2.0, 0.0]
    assert masked_mean(values, MASK) == 2.0
    assert masked_mean(values, MASK, (0,)).tolist() == [[1.0, 0.0, 3.0]]
    masked_mean(values, MASK).backward()
    assert torch.equal(values.grad, MASK.float() / 2)
    assert zero_outside(values, MASK).sum() == 4


def test_empty_mean_is_a_differentiable_zero():
    values = VALUES.clone().requires_grad_()
    masked_mean(values, torch.zeros_like(MASK)).backward()
    assert (values.grad == 0).all()
