"""A distilled segmentor's predictions are mapped back to the image for any test pipeline."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

PAD = dict(kind="pad", by="Pad", padding=(3, 8, 1, 5))
FLIPS = [dict(kind="flip", by="RandomFlip", direction=d) for d in ("horizontal", "diagonal")]


@pytest.fixture
def model(cnn_segmentor):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type="DistilledSegmentor",
            student=cnn_segmentor(),
        )
    ).eval()


@torch.no_grad()
def test_paddings_and_all_flips_are_undone(model):
    inputs = torch.rand(2, 3, 64, 64)
    label = torch.arange(64 * 64).view(1, 64, 64) % 3
    meta = dict(ori_shape=(58, 53), geometry=(PAD, *FLIPS), moved_labels=dict(gt_sem_seg="classes"))
    samples = [SegDataSample(metainfo=meta) for _ in inputs]
    for sample in samples:
        sample.set_data(dict(gt_sem_seg=PixelData(data=label)))
    raw = model.inference(inputs, [dict(img_shape=(64, 64), ori_shape=(64, 64))] * 2)
    for i, sample in enumerate(model.predict(inputs, samples)):
        upright = raw[i].flip(2).flip(1, 2)[:, 1:59, 3:56]
        torch.testing.assert_close(sample.seg_logits.data, upright)
        assert torch.equal(sample.pred_sem_seg.data[0], upright.argmax(0))
        assert torch.equal(sample.gt_sem_seg.data, label.flip(2).flip(1, 2)[:, 1:59, 3:56])


@torch.no_grad()
def test_a_crop_is_refused(model):
    meta = dict(ori_shape=(99, 99), geometry=(dict(kind="cut", by="CenterCrop"),))
    with pytest.raises(ValueError, match="CenterCrop.*cannot be undone"):
        model.predict(torch.rand(1, 3, 64, 64), [SegDataSample(metainfo=meta)])


@torch.no_grad()
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nothing_is_predicted_of_what_is_not_finite(model, value):
    model.decode_head.conv_seg.bias[1] = value
    metas = (dict(img_path="0.png"), dict(img_path="0.png", geometry=(FLIPS[0],)))
    for meta in metas:
        sample = SegDataSample(metainfo=dict(meta, ori_shape=(64, 64), img_shape=(64, 64)))
        with pytest.raises(ValueError, match=r"map of 'sem_seg' .* NaN .*0\.png"):
            model.predict(torch.rand(1, 3, 64, 64), [sample])
