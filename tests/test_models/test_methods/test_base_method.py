import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmlhl.models.methods import BaseMethod, Step, valid_pixels


def sample(padding=None, valid=None):
    made = SegDataSample(metainfo={} if padding is None else dict(padding_size=padding))
    if valid is not None:
        made.valid_map = PixelData(data=valid)
    return made


def test_all_pixels_are_valid_without_a_mask():
    assert valid_pixels(torch.zeros(2, 3, 4, 6), [sample(), sample()]).all()


def test_padding_of_all_four_sides():
    # left, right, top, bottom
    valid = valid_pixels(torch.zeros(2, 3, 4, 6), [sample((1, 2, 0, 1)), sample((0, 0, 2, 0))])
    expected = torch.zeros(2, 4, 6, dtype=torch.bool)
    expected[0, :3, 1:4] = True
    expected[1, 2:] = True
    assert torch.equal(valid, expected)


def test_pixels_that_a_transform_added_are_left_out():
    given = torch.ones(1, 4, 6, dtype=torch.uint8)
    given[0, 1, 1] = 0
    valid = valid_pixels(torch.zeros(1, 3, 4, 6), [sample((0, 1, 0, 0), given)])
    assert valid.dtype == torch.bool and valid.sum() == 4 * 5 - 1 and not valid[0, 1, 1]


def test_as_many_samples_as_images():
    with pytest.raises(ValueError):
        valid_pixels(torch.zeros(2, 3, 4, 6), [sample()])


def test_base_method_has_no_state():
    method = BaseMethod()
    step = Step(torch.zeros(1, 3, 4, 6), [], [], torch.ones(1, 4, 6, dtype=torch.bool))
    assert step.size == (4, 6)
    assert method.losses(None, step) == {} and method.state_dict() == {}
    assert method.exemplars == 0 and not method.needs_teacher and not method.trains_old_heads
