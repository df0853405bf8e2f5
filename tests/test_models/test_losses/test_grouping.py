import pytest
import torch

from mmlhl.models.losses import equal_width_groups, foreground_groups, scaled_channel_mean

NAN = float("nan")


def image(*values):
    """One image of one row and one channel."""
    return torch.tensor(values).view(1, 1, 1, -1)


def test_scaled_per_image_by_its_own_range():
    teacher = torch.cat([image(2.0, 3.0, 6.0), image(-1.0, 0.0, 1.0)])
    expected = torch.tensor([[[0.0, 0.25, 1.0]], [[0.0, 0.5, 1.0]]])
    torch.testing.assert_close(scaled_channel_mean(teacher), expected)


def test_channels_are_averaged_before_scaling():
    teacher = torch.tensor([[0.0, 4.0, 0.0], [0.0, 0.0, 8.0]]).view(1, 2, 1, 3)
    torch.testing.assert_close(scaled_channel_mean(teacher)[0, 0], torch.tensor([0.0, 0.5, 1.0]))


def test_threshold_itself_is_background():
    teacher = image(0.0, 1.0, 2.0, 2.5, 4.0)
    assert foreground_groups(teacher, 0.5)[0, 0].tolist() == [0, 0, 0, 1, 1]
    assert foreground_groups(teacher, 0.2)[0, 0].tolist() == [0, 1, 1, 1, 1]


def test_bins_of_equal_width():
    teacher = image(0.0, 0.19, 0.21, 0.5, 0.99, 1.0)
    assert equal_width_groups(teacher, 5)[0, 0].tolist() == [0, 0, 1, 2, 4, 4]


@pytest.mark.parametrize("garbage", [NAN, float("inf"), 1e6, -1e6])
def test_invalid_pixels_do_not_affect_the_range(garbage):
    valid = torch.tensor([[[True, True, True, False]]])
    teacher = image(0.0, 1.0, 4.0, garbage)
    assert foreground_groups(teacher, 0.5, valid)[0, 0, :3].tolist() == [0, 0, 1]
    bins = equal_width_groups(teacher, 4, valid)[0, 0]
    assert bins[:3].tolist() == [0, 1, 3]
    assert 0 <= bins[3] <= 3  # an id within range even at invalid pixels


@pytest.mark.parametrize("valid", [None, torch.zeros(1, 1, 3, dtype=torch.bool)])
def test_one_value_or_no_pixel_is_all_background(valid):
    teacher = image(3.0, 3.0, 3.0)
    assert foreground_groups(teacher, 0.5, valid)[0, 0].tolist() == [0, 0, 0]
    assert equal_width_groups(teacher, 5, valid)[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_scaled_in_float(dtype):
    scaled = scaled_channel_mean(image(1000.0, 1008.0, 1016.0).to(dtype))
    assert scaled.dtype == torch.float32
    assert scaled[0, 0].tolist() == [0.0, 0.5, 1.0]


def test_no_gradient():
    teacher = image(0.0, 1.0).requires_grad_()
    assert not scaled_channel_mean(teacher).requires_grad
    assert foreground_groups(teacher, 0.5).dtype == torch.int64
