"""MultiTaskDataPreProcessor: normalisation, padding by kind, metainfo."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmlhl.models.data_preprocessor import MultiTaskDataPreProcessor, for_all_labels


def make_sample(height: int, width: int) -> SegDataSample:
    sample = SegDataSample(metainfo=dict(img_path="a.png", ori_shape=(height, width)))
    ones = torch.ones(1, height, width)
    sample.set_data(
        dict(
            gt_sem_seg=PixelData(data=ones.long()),
            gt_depth_map=PixelData(data=ones * 2),
            gt_normal_map=PixelData(data=torch.zeros(3, height, width)),
            gt_saliency_map=PixelData(data=ones.long()),
        )
    )
    return sample


def test_pads_every_kind_with_its_own_mark():
    pre = MultiTaskDataPreProcessor(size_divisor=4)
    data = dict(
        inputs=[torch.ones(3, 4, 6), torch.ones(3, 3, 4)],
        data_samples=[make_sample(4, 6), make_sample(3, 4)],
    )
    out = pre(data, training=True)
    assert out["inputs"].shape == (2, 3, 4, 8)
    small = out["data_samples"][1]
    assert small.gt_sem_seg.data.shape == (1, 4, 8)
    assert (small.gt_sem_seg.data[0, 3] == 255).all() and (
        small.gt_sem_seg.data[0, :3, :4] == 1
    ).all()
    assert (small.gt_saliency_map.data[0, :, 4:] == 255).all()
    assert small.gt_depth_map.data[0, 3].isnan().all()
    assert (small.gt_depth_map.data[0, :3, :4] == 2).all()
    assert small.gt_normal_map.data.shape == (3, 4, 8)
    assert small.gt_normal_map.data[:, :, 4:].isnan().all()
    assert small.valid_map.data.dtype == torch.bool
    assert small.valid_map.data.sum() == 12 and small.valid_map.data[0, :3, :4].all()
    assert small.img_shape == (3, 4) and small.pad_shape == (4, 8)
    assert small.padding_size == (0, 4, 0, 1)
    assert out["inputs"][1, :, 3].abs().sum() == 0


def test_no_padding_no_valid_map():
    pre = MultiTaskDataPreProcessor()
    out = pre(dict(inputs=[torch.ones(3, 5, 7)], data_samples=[make_sample(5, 7)]), training=True)
    assert out["inputs"].shape == (1, 3, 5, 7)
    assert "valid_map" not in out["data_samples"][0]
    assert out["data_samples"][0].padding_size == (0, 0, 0, 0)


def test_existing_valid_map_is_padded_with_false():
    pre = MultiTaskDataPreProcessor(size=(4, 4))
    sample = make_sample(2, 2)
    sample.set_data(dict(valid_map=PixelData(data=torch.tensor([[[True, False], [True, True]]]))))
    out = pre(dict(inputs=[torch.ones(3, 2, 2)], data_samples=[sample]), training=True)
    assert out["data_samples"][0].valid_map.data.sum() == 3


@pytest.mark.parametrize("sizes", [[(2, 2), (2, 2)], [(2, 2), (3, 2)]])
def test_normalises_rgb(sizes):
    pre = MultiTaskDataPreProcessor(mean=[10, 20, 30], std=[1, 2, 5], bgr_to_rgb=True)
    bgr = torch.tensor([30, 20, 20], dtype=torch.uint8).view(3, 1, 1)
    data = dict(
        inputs=[bgr.expand(3, *size).clone() for size in sizes],
        data_samples=[make_sample(*size) for size in sizes],
    )
    out = pre(data, training=True)["inputs"]
    assert out[0, :, 0, 0].tolist() == [10.0, 0.0, 0.0]


def test_testing_keeps_annotations_and_pads_when_told():
    images = [torch.ones(3, 4, 6), torch.ones(3, 3, 4)]
    samples = [make_sample(4, 6), make_sample(3, 4)]
    with pytest.raises(ValueError, match="different sizes.*test_cfg"):
        MultiTaskDataPreProcessor()(dict(inputs=images, data_samples=samples))
    pre = MultiTaskDataPreProcessor(test_cfg=dict(size_divisor=8))
    out = pre(dict(inputs=images, data_samples=samples))
    assert out["inputs"].shape == (2, 3, 8, 8)
    assert out["data_samples"][1].img_padding_size == (0, 4, 0, 5)
    assert out["data_samples"][1].pad_shape == (8, 8)
    assert out["data_samples"][1].gt_sem_seg.data.shape == (1, 3, 4)
    assert "padding_size" not in out["data_samples"][1]
    assert pre(dict(inputs=[images[0]]))["data_samples"] is None


def test_matches_mmseg_in_testing():
    from mmseg.models import SegDataPreProcessor

    args = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
    image = torch.randint(0, 255, (3, 8, 8), dtype=torch.uint8)
    ours = MultiTaskDataPreProcessor(**args)(dict(inputs=[image], data_samples=[make_sample(8, 8)]))
    theirs = SegDataPreProcessor(**args)(dict(inputs=[image], data_samples=[make_sample(8, 8)]))
    torch.testing.assert_close(ours["inputs"], theirs["inputs"])


def test_errors_name_key_and_value():
    with pytest.raises(ValueError, match=r"size=\(4, 4\) and size_divisor=8"):
        MultiTaskDataPreProcessor(size=(4, 4), size_divisor=8)
    with pytest.raises(ValueError, match="mean=.*std=None"):
        MultiTaskDataPreProcessor(mean=[0, 0, 0])
    with pytest.raises(ValueError, match="5x7.*size=\\(4, 4\\)"):
        MultiTaskDataPreProcessor(size=(4, 4))(
            dict(inputs=[torch.ones(3, 5, 7)], data_samples=[make_sample(5, 7)]), training=True
        )
    with pytest.raises(ValueError, match="a.png: gt_.*resize and crop"):
        MultiTaskDataPreProcessor(size_divisor=4)(
            dict(inputs=[torch.ones(3, 5, 7)], data_samples=[make_sample(5, 6)]), training=True
        )


@pytest.mark.parametrize(
    ("field", "shape", "message"),
    [
        ("gt_depth_map", (1, 4, 8), r"a.png: gt_depth_map is \(4, 8\) .*its image \(8, 8\)"),
        ("gt_normal_map", (3, 9, 8), r"a.png: gt_normal_map is \(9, 8\)"),
        ("gt_sem_seg", (1, 8, 7), r"a.png: gt_sem_seg is \(8, 7\)"),
        ("valid_map", (1, 1, 1), r"a.png: valid_map is \(1, 1\)"),
    ],
)
def test_sizes_of_every_sample_are_compared_padded_or_not(field, shape, message):
    pre = MultiTaskDataPreProcessor(size_divisor=8)
    good, bad = make_sample(8, 8), make_sample(8, 8)
    delattr(bad, field) if field in bad else None
    bad.set_data({field: PixelData(data=torch.ones(shape))})
    images = [torch.ones(3, 8, 8)] * 2
    with pytest.raises(ValueError, match=message):
        pre(dict(inputs=images, data_samples=[good, bad]), training=True)
    pre(dict(inputs=images, data_samples=[good, bad]))  # a test compares at the file's size


def test_labels_that_were_read_too_late_are_refused_in_training():
    sample = make_sample(8, 8)
    step = dict(kind="flip", by="RandomFlip", direction="horizontal")
    sample.set_metainfo(dict(geometry=(step,), resting_labels=("gt_depth_map",)))
    data = dict(inputs=[torch.ones(3, 8, 8)], data_samples=[sample])
    with pytest.raises(ValueError, match="a.png: gt_depth_map was read after.*RandomFlip"):
        MultiTaskDataPreProcessor()(dict(data), training=True)
    MultiTaskDataPreProcessor()(dict(data))


def test_an_image_too_large_for_a_test_names_test_cfg():
    pre = MultiTaskDataPreProcessor(test_cfg=dict(size=(4, 4)))
    with pytest.raises(ValueError, match=r"5x7.*data_preprocessor\.test_cfg\.size=\(4, 4\)"):
        pre(dict(inputs=[torch.ones(3, 5, 7)]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(size=48), "has size=48; it must be .height, width."),
        (dict(size=(48,)), r"has size=\(48,\)"),
        (dict(size=(48, 48, 3)), r"has size=\(48, 48, 3\)"),
        (dict(size_divisor=2.5), "has size_divisor=2.5"),
        (dict(test_cfg=dict(size_divisr=8)), "test_cfg.size_divisr: .*did you mean 'size_divisor'"),
        (dict(test_cfg=dict(size=48)), "has test_cfg.size=48"),
        (dict(test_cfg=dict(size_divisor=0)), "has test_cfg.size_divisor=0"),
        (dict(test_cfg=dict(size_divisor=-32)), "has test_cfg.size_divisor=-32"),
        (dict(test_cfg=dict(size=(8, 8.0))), r"has test_cfg.size=\(8, 8.0\)"),
        (dict(test_cfg=dict(size=(8, 8), size_divisor=4)), "test_cfg.size_divisor=4; give only"),
        (dict(test_cfg=32), "has test_cfg=32; it must be a dict"),
    ],
)
def test_sizes_that_images_cannot_be_padded_to(options, message):
    with pytest.raises(ValueError, match=message):
        MultiTaskDataPreProcessor(**options)


@pytest.mark.parametrize(
    "kind", ["SegDataPreProcessor", "mmseg.SegDataPreProcessor", SegDataPreProcessor]
)
def test_mmsegs_own_is_replaced_as_it_pads_depth_with_255(kind):
    given = dict(type=kind, mean=[1.0] * 3, std=[2.0] * 3, size=(8, 8), seg_pad_val=255)
    made = MODELS.build(for_all_labels(given))
    assert type(made) is MultiTaskDataPreProcessor and given["type"] is kind
    assert made.size == (8, 8) and made.std.flatten().tolist() == [2.0] * 3


@pytest.mark.parametrize("other", [None, dict(type="MultiTaskDataPreProcessor"), dict(type="No")])
def test_other_preprocessors_are_left_alone(other):
    assert for_all_labels(other) is other


def test_mean_and_std_have_a_value_for_each_channel():
    with pytest.raises(ValueError, match=r"mean=\[1.0\] and std=\[2.0, 2.0, 2.0\]; each needs one"):
        MultiTaskDataPreProcessor(mean=[1.0], std=[2.0] * 3)
    pre = MultiTaskDataPreProcessor(mean=[1.0] * 3, std=[2.0] * 3)
    with pytest.raises(ValueError, match="have 3 value.s., the images have 4 channel"):
        pre(dict(inputs=[torch.ones(4, 2, 2)]))
    grey = MultiTaskDataPreProcessor(mean=[1.0], std=[2.0])
    assert (grey(dict(inputs=[torch.ones(3, 2, 2)]))["inputs"] == 0).all()  # one value for all


def test_images_of_any_number_of_channels_are_normalised():
    pre = MultiTaskDataPreProcessor(mean=[1.0, 2.0, 3.0, 4.0], std=[1.0, 2.0, 1.0, 2.0])
    image = torch.tensor([2.0, 4.0, 3.0, 0.0]).view(4, 1, 1)
    assert pre(dict(inputs=[image]))["inputs"].flatten().tolist() == [1.0, 1.0, 0.0, -2.0]
    assert not pre.state_dict()  # as in mmseg
