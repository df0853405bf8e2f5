"""Mapping predictions from the network's input back to the image, by hand."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmlhl.models.heads import ChannelHead, NormalHead
from mmlhl.models.views import labels_back, undo_view

AXES = dict(horizontal=(3,), vertical=(2,), diagonal=(2, 3))
SIGNS = dict(horizontal=(-1, 1, 1), vertical=(1, -1, 1), diagonal=(-1, -1, 1))


def decoder():
    return dict(type="FCNHead", in_channels=4, channels=4, num_convs=0, concat_input=False)


@pytest.fixture(scope="module")
def head():
    return ChannelHead(decoder=decoder(), channels=1, field="edge_map")


@pytest.fixture(scope="module")
def normal_head():
    return NormalHead(decoder=decoder())


def flip(direction):
    return dict(kind="flip", by="RandomFlip", direction=direction)


def pad(*padding):
    return dict(kind="pad", by="Pad", padding=padding)


@pytest.mark.parametrize("direction", AXES)
def test_each_flip_comes_back_with_its_signs(head, normal_head, direction):
    raw = torch.rand(1, 3, 4, 5)
    signs = torch.tensor(SIGNS[direction]).view(1, 3, 1, 1)
    assert torch.equal(head.flip(raw, direction), raw.flip(AXES[direction]))
    assert torch.equal(normal_head.flip(raw, direction), raw.flip(AXES[direction]) * signs)


@pytest.mark.parametrize("direction", ["upside down", None, "Horizontal"])
def test_other_directions_are_refused(head, normal_head, direction):
    for any_head in (head, normal_head):
        with pytest.raises(ValueError, match=f"flip_direction is {direction!r}.*diagonal"):
            any_head.flip(torch.rand(1, 3, 4, 5), direction)


def test_batch_padding_goes_before_a_flip_of_mmsegs_own_metas(head):
    raw = torch.arange(12.0).view(1, 1, 3, 4)
    meta = dict(padding_size=(0, 1, 0, 1), ori_shape=(2, 3), flip=True, flip_direction="horizontal")
    assert undo_view(raw, meta, head)[0][0, 0].tolist() == [[2, 1, 0], [6, 5, 4]]
    # padding in testing is used, and not that of a training transform
    meta = dict(padding_size=(1, 1, 1, 1), img_padding_size=(1, 0, 1, 0), ori_shape=(9, 9))
    back, size = undo_view(raw, meta, head)
    assert back[0, 0].tolist() == [[5, 6, 7], [9, 10, 11]] and size == (9, 9)


def test_steps_are_undone_in_reverse_order(head):
    raw = torch.arange(12.0).view(1, 1, 3, 4)
    # padded at the right, then mirrored: the padding now lies on the left
    meta = dict(ori_shape=(3, 3), geometry=(pad(0, 1, 0, 0), flip("horizontal")))
    assert undo_view(raw, meta, head)[0][0, 0, 0].tolist() == [3, 2, 1]
    meta["geometry"] = (flip("horizontal"), pad(0, 1, 0, 0))
    assert undo_view(raw, meta, head)[0][0, 0, 0].tolist() == [2, 1, 0]
    # padding of every side
    meta["geometry"] = (pad(1, 0, 2, 0),)
    assert undo_view(raw, meta, head)[0][0, 0].tolist() == [[9, 10, 11]]


def test_two_flips_in_a_row_are_both_undone(head):
    raw = torch.arange(4.0).view(1, 1, 2, 2)
    # mmcv keeps the last flip only, and none at all if the second is not drawn
    meta = dict(ori_shape=(2, 2), flip=False, flip_direction=None)
    meta["geometry"] = (flip("horizontal"), flip("vertical"))
    assert undo_view(raw, meta, head)[0][0, 0].tolist() == [[3, 2], [1, 0]]
    meta["geometry"] = (flip("diagonal"), flip("diagonal"))
    assert torch.equal(undo_view(raw, meta, head)[0], raw)


def test_a_resize_between_two_paddings_is_undone_in_between(head):
    raw = torch.ones(1, 1, 9, 8)
    raw[..., 8:, :] = 5  # padded after the resize
    raw[..., 6:] = 5  # one column of four, padded before it and enlarged
    steps = (pad(0, 1, 0, 0), dict(kind="resize", by="Resize", size=(4, 4)), pad(0, 0, 0, 1))
    back, size = undo_view(raw, dict(ori_shape=(4, 3), geometry=steps), head)
    assert back.shape == (1, 1, 4, 3) and size == (4, 3)
    assert torch.equal(back[..., :2], torch.ones(1, 1, 4, 2))


def sample_of(geometry, **moved):
    sample = SegDataSample()
    for field, (_, data) in moved.items():
        sample.set_data({field: PixelData(data=data)})
    kinds = {field: kind for field, (kind, _) in moved.items()}
    sample.set_metainfo(dict(geometry=geometry, moved_labels=kinds, img_path="a.png"))
    return sample


def test_labels_come_back_once():
    depth, normal = torch.arange(6.0).view(1, 2, 3), torch.rand(3, 2, 3)
    sample = sample_of(
        (flip("vertical"), pad(0, 1, 0, 0)),
        gt_depth_map=("depth", depth),
        gt_normal_map=("normal", normal),
        valid_map=("valid_map", torch.ones(1, 2, 3, dtype=torch.bool)),
    )
    for _ in range(2):
        labels_back(sample)
        assert sample.gt_depth_map.data[0].tolist() == [[3, 4], [0, 1]]
        signs = torch.tensor([1, -1, 1]).view(3, 1, 1)
        assert torch.equal(sample.gt_normal_map.data, normal.flip(1)[..., :2] * signs)
        assert sample.valid_map.data.shape == (1, 2, 2)


@pytest.mark.parametrize("by", ["RandomCrop", "CenterCrop", "RandomRotate"])
def test_cuts_are_refused_unless_the_labels_went_along(head, by):
    steps = (flip("horizontal"), dict(kind="cut", by=by), flip("vertical"))
    raw = torch.arange(4.0).view(1, 1, 2, 2)
    meta = dict(ori_shape=(9, 9), geometry=steps, img_path="a.png")
    with pytest.raises(ValueError, match=f"a.png: {by}.*cannot be undone"):
        undo_view(raw, meta, head)
    with pytest.raises(ValueError, match=f"{by}.*cannot be undone"):
        moved = dict(gt_edge_map="channels")
        undo_view(raw, {**meta, "moved_labels": moved, "resting_labels": ("gt_a",)}, head)
    back, size = undo_view(raw, {**meta, "moved_labels": dict(gt_edge_map="channels")}, head)
    assert size == (2, 2) and back[0, 0].tolist() == [[2, 3], [0, 1]]


def test_labels_that_were_resized_in_a_test_are_refused(head):
    steps = (dict(kind="resize", by="Resize", size=(4, 4)),)
    meta = dict(ori_shape=(4, 4), geometry=steps, moved_labels=dict(gt_depth_map="depth"))
    with pytest.raises(ValueError, match="gt_depth_map went through Resize.*behind Resize"):
        undo_view(torch.rand(1, 1, 2, 2), meta, head)
