import pytest
import torch
from mmseg.structures import SegDataSample

from mmlhl.models.segmentors.inference import (
    check_test_cfg,
    input_metas,
    slide,
    sliding_window,
)


@pytest.mark.parametrize(
    ("size", "crop", "stride"),
    [((8, 8), (8, 8), (4, 4)), ((9, 13), (4, 5), (3, 2)), ((5, 20), (8, 8), (8, 8))],
)
def test_windows_of_an_identity_give_the_image_back(size, crop, stride):
    inputs = torch.rand(2, 3, *size)
    seen = []

    def infer(window):
        seen.append(tuple(window.shape[2:]))
        return dict(a=window, b=window[:, :1] * 2)

    out = slide(infer, inputs, crop, stride)
    torch.testing.assert_close(out["a"], inputs)
    torch.testing.assert_close(out["b"], inputs[:, :1] * 2)
    assert set(seen) == {(min(crop[0], size[0]), min(crop[1], size[1]))}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_many_windows_of_half_precision(dtype):
    """bfloat16 cannot count beyond 256 windows, nor add up small numbers."""
    inputs = torch.rand(1, 1, 40, 40).to(dtype)
    out = slide(lambda window: dict(x=window), inputs, (20, 20), (1, 1))["x"]
    torch.testing.assert_close(out, inputs.float(), atol=1e-5, rtol=0)


def test_overlaps_are_averaged_by_hand():
    # windows at columns 0-1, 1-2; each gives its own number everywhere
    numbers = iter([1.0, 3.0])
    out = slide(
        lambda window: dict(x=torch.full_like(window, next(numbers))),
        torch.zeros(1, 1, 1, 3),
        (1, 2),
        (1, 1),
    )
    assert out["x"][0, 0, 0].tolist() == [1.0, 2.0, 3.0]


def test_metas_are_filled_in():
    sample = SegDataSample(metainfo=dict(ori_shape=(60, 80)))
    (meta,) = input_metas(torch.zeros(1, 3, 30, 40), [sample])
    assert meta["ori_shape"] == (60, 80)
    assert meta["img_shape"] == meta["pad_shape"] == (30, 40)
    assert meta["padding_size"] == (0, 0, 0, 0)


def test_a_padded_image_without_metas_is_its_part_of_the_input():
    sample = SegDataSample(metainfo=dict(img_padding_size=(0, 8, 0, 4)))
    (meta,) = input_metas(torch.zeros(1, 3, 30, 40), [sample])
    assert meta["ori_shape"] == meta["img_shape"] == (26, 32) and meta["pad_shape"] == (30, 40)


def test_single_number_sets_both_sides():
    assert sliding_window(dict(crop_size=16, stride=[8, 4])) == ((16, 16), (8, 4))


@pytest.mark.parametrize(
    ("test_cfg", "message"),
    [
        (dict(mode="slide", crop_size=(16, 16), stride=(24, 24)), "stride.*crop size"),
        (dict(mode="slide", crop_size=(16, 16), stride=(8, 17)), "stride.*crop size"),
        (dict(mode="slide", crop_size=16, stride=20), "stride.*crop size"),
        (dict(mode="slide", crop_size=(16, 16)), "stride is None"),
        (dict(mode="slide", stride=8), "crop_size is None"),
        (dict(mode="slide", crop_size=(16, 16), stride=0), "stride is 0"),
        (dict(mode="slide", crop_size=(16, 16), stride=(8, -8)), r"stride is \(8, -8\)"),
        (dict(mode="slide", crop_size=(16,), stride=8), r"crop_size is \(16,\)"),
        (dict(mode="slide", crop_size=(16.5, 16), stride=8), "crop_size is"),
        (dict(mode="slide", crop_size="16", stride=8), "crop_size is"),
        (dict(mode="slid", crop_size=16, stride=8), "mode must be.*'slid'"),
    ],
)
def test_windows_that_cannot_cover_the_image_are_refused(test_cfg, message):
    with pytest.raises(ValueError, match=r"test_cfg\..*" + message):
        check_test_cfg(test_cfg)
