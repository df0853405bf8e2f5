import pytest
import torch
from mmseg.structures import SegDataSample

from mmlhl.models.segmentors.inference import input_metas, slide, undo_padding_and_flip


def mirror(raw, direction):
    return raw.flip(3 if direction == "horizontal" else 2)


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


def test_padding_goes_before_the_flip_is_undone():
    raw = torch.arange(12.0).view(1, 1, 3, 4)
    meta = dict(padding_size=(0, 1, 0, 1), flip=True, flip_direction="horizontal")
    assert undo_padding_and_flip(raw, meta, mirror)[0, 0].tolist() == [[2, 1, 0], [6, 5, 4]]
    # what was padded in a test counts, not what a training transform noted
    meta = dict(padding_size=(1, 1, 1, 1), img_padding_size=(1, 0, 1, 0), flip=False)
    assert undo_padding_and_flip(raw, meta, mirror)[0, 0].tolist() == [[5, 6, 7], [9, 10, 11]]
    assert undo_padding_and_flip(raw, {}, mirror) is not None


def test_metas_are_filled_in():
    sample = SegDataSample(metainfo=dict(ori_shape=(60, 80)))
    (meta,) = input_metas(torch.zeros(1, 3, 30, 40), [sample])
    assert meta["ori_shape"] == (60, 80)
    assert meta["img_shape"] == meta["pad_shape"] == (30, 40)
    assert meta["padding_size"] == (0, 0, 0, 0)
