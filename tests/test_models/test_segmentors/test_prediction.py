"""Prediction: whole and sliding, back to the original image, as mmseg's own segmentor."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

SIZE = (32, 48)


def test_a_window_as_large_as_the_image_is_the_whole(build, images):
    model = build()
    whole = model.inference(images(), [{}, {}])
    model.test_cfg = dict(mode="slide", crop_size=SIZE, stride=(8, 8))
    slid = model.inference(images(), [{}, {}])
    for task in model.tasks:
        assert whole[task].shape[2:] == SIZE
        torch.testing.assert_close(slid[task], whole[task])


@pytest.mark.parametrize(
    "test_cfg",
    [dict(mode="whole"), dict(mode="slide", crop_size=(24, 24), stride=(16, 10))],
    ids=["whole", "slide"],
)
def test_segmentation_equals_mmsegs_encoder_decoder(build, model_config, test_cfg, images):
    model = build(["seg"], test_cfg=test_cfg)
    config = model_config()
    stock = MODELS.build(
        dict(
            type="EncoderDecoder",
            backbone=config["backbone"],
            decode_head=dict(config["heads"]["seg"]["decoder"], num_classes=13),
            test_cfg=ConfigDict(test_cfg),
            data_preprocessor=dict(type="SegDataPreProcessor"),
        )
    ).eval()
    renamed = {
        key.replace("heads.seg.decoder.", "decode_head."): value
        for key, value in model.state_dict().items()
    }
    stock.load_state_dict(renamed)
    metas = [dict(ori_shape=(40, 60), img_shape=SIZE, pad_shape=SIZE) for _ in range(2)]
    inputs = images()
    with torch.no_grad():
        expected = stock.inference(inputs, metas)
        torch.testing.assert_close(model.inference(inputs, metas)["seg"], expected)
        theirs = stock.predict(inputs, [SegDataSample(metainfo=meta) for meta in metas])
        mine = model.predict(inputs, [SegDataSample(metainfo=meta) for meta in metas])
    for his, my in zip(theirs, mine, strict=True):
        assert torch.equal(my.pred_sem_seg.data, his.pred_sem_seg.data)
        assert my.pred_sem_seg.data.shape == (1, 40, 60)


def test_predict_undoes_padding_and_flip(build, images):
    model = build()
    # the network is not a function of the pixel alone: give it a flipped image, not a flipped batch
    inputs = images(1, (40, 56))
    meta = dict(
        ori_shape=SIZE,
        img_padding_size=(0, 8, 0, 8),
        flip=True,
        flip_direction="horizontal",
    )
    with torch.no_grad():
        (sample,) = model.predict(inputs, [SegDataSample(metainfo=meta)])
        raw = model.encode_decode(inputs, [{}])
    for task, field in (("seg", "pred_sem_seg"), ("depth", "pred_depth_map")):
        pred = model.heads[task].activation(raw[task][..., :32, :48].flip(3))[0]
        pred = pred.argmax(0, keepdim=True) if task == "seg" else pred
        torch.testing.assert_close(sample.get(field).data, pred)
    normal = model.heads["normal"].activation(raw["normal"][..., :32, :48].flip(3))[0]
    normal = normal * torch.tensor([-1.0, 1.0, 1.0]).view(3, 1, 1)
    torch.testing.assert_close(sample.pred_normal_map.data, normal)


def test_predict_resizes_to_each_images_original_size(build, images):
    metas = [dict(ori_shape=(64, 96)), dict(ori_shape=(16, 24, 3))]
    made = build().predict(images(), [SegDataSample(metainfo=meta) for meta in metas])
    assert made[0].pred_normal_map.data.shape == (3, 64, 96)
    assert made[1].pred_depth_map.data.shape == (1, 16, 24)
    assert made[1].pred_sem_seg.data.dtype == torch.int64
    lengths = made[0].pred_normal_map.data.norm(dim=0)  # normalised after the resize
    torch.testing.assert_close(lengths, torch.ones_like(lengths))
    assert len(build().predict(images())) == 2  # no samples at all


def test_tensor_mode_gives_raw_maps_of_all_tasks(build, images):
    maps = build().forward(images(), mode="tensor")
    assert {task: tuple(raw.shape) for task, raw in maps.items()} == dict(
        seg=(2, 13, 4, 6), depth=(2, 1, 4, 6), normal=(2, 3, 4, 6)
    )


def test_unknown_test_mode(build, images):
    with pytest.raises(ValueError, match="'whole' or 'slide', got 'tiles'"):
        build(test_cfg=dict(mode="tiles")).inference(images(), [{}, {}])


def test_what_mmseg_tools_ask_of_a_segmentor(build):
    model = build()
    assert model.with_decode_head and not model.with_neck and not model.with_auxiliary_head
    assert model.decode_head is model.heads["seg"].decoder
    assert (model.num_classes, model.out_channels, model.align_corners) == (13, 13, False)
    depth = build(["depth"])
    assert not depth.with_decode_head
    assert (depth.num_classes, depth.out_channels, depth.align_corners) == (None, None, None)


def test_no_prediction_is_made_of_nan(build, images):
    model = build(["seg", "depth"]).eval()
    samples = [SegDataSample(metainfo=dict(img_path=f"{name}.png")) for name in "ab"]
    model.backbone.bn1.running_var.fill_(-1.0)
    with pytest.raises(ValueError, match=r"map of 'seg' holds NaN .* 2 image\(s\): a.png; b.png"):
        model.predict(images(), samples)
    model = build(["seg", "depth"]).eval()
    bias = model.heads["depth"].decoder.conv_seg.bias.data
    for value in (float("inf"), -float("inf"), float("nan")):
        bias.fill_(value)
        with pytest.raises(ValueError, match="map of 'depth'"):
            model.predict(images(), samples)
    bias.fill_(0.0)
    assert len(model.predict(images(), samples)) == 2
