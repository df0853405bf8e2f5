"""All heads: any mmseg decoder on any backbone, losses by config, errors."""

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmlhl.models.heads import (
    BinaryHead,
    ChannelHead,
    DepthHead,
    NormalHead,
    SegmentationHead,
)

BN = dict(type="BN")


@MODELS.register_module()
class TinyConvNeXt(BaseModule):
    """Four stages of depthwise 7x7, LayerNorm, inverted bottleneck; strides 4, 8, 16, 32."""

    def __init__(self, channels=(8, 8, 16, 16), init_cfg=None):
        super().__init__(init_cfg)
        self.downs, self.blocks = nn.ModuleList(), nn.ModuleList()
        before = 3
        for index, now in enumerate(channels):
            step = 4 if index == 0 else 2
            self.downs.append(nn.Conv2d(before, now, step, step))
            self.blocks.append(
                nn.ModuleList(
                    [
                        nn.Conv2d(now, now, 7, padding=3, groups=now),
                        nn.LayerNorm(now),
                        nn.Linear(now, 4 * now),
                        nn.Linear(4 * now, now),
                    ]
                )
            )
            before = now

    def forward(self, x):
        outs = []
        for down, (depthwise, norm, wide, narrow) in zip(self.downs, self.blocks, strict=True):
            x = down(x)
            y = norm(depthwise(x).permute(0, 2, 3, 1))
            x = x + narrow(nn.functional.gelu(wide(y))).permute(0, 3, 1, 2)
            outs.append(x)
        return tuple(outs)


BACKBONES = {
    "ResNet": (
        dict(type="ResNet", depth=18, stem_channels=4, base_channels=4, norm_cfg=BN),
        (4, 8, 16, 32),
    ),
    "MixVisionTransformer": (
        dict(
            type="MixVisionTransformer",
            embed_dims=4,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 4],
        ),
        (4, 4, 8, 16),
    ),
    "ConvNeXt-like": (dict(type="TinyConvNeXt"), (8, 8, 16, 16)),
}


def decoders(channels):
    last = dict(in_channels=channels[3], in_index=3, channels=4, norm_cfg=BN, dropout_ratio=0.1)
    every = dict(in_channels=list(channels), in_index=[0, 1, 2, 3], channels=4, norm_cfg=BN)
    return {
        "FCNHead": dict(type="FCNHead", num_convs=1, **last),
        "ASPPHead": dict(type="ASPPHead", dilations=(1, 2), **last),
        "DepthwiseSeparableASPPHead": dict(
            type="DepthwiseSeparableASPPHead",
            dilations=(1, 2),
            c1_in_channels=channels[0],
            c1_channels=2,
            **last,
        ),
        "UPerHead": dict(type="UPerHead", pool_scales=(1, 2), **every),
        "SegformerHead": dict(type="SegformerHead", **every),
    }


@pytest.fixture(scope="module")
def features():
    """Features of each backbone from the same images, 2 of 64x64."""
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    made = {}
    for name, (config, channels) in BACKBONES.items():
        torch.manual_seed(0)
        with torch.no_grad():
            made[name] = MODELS.build(dict(config))(images)
        assert tuple(feature.shape[1] for feature in made[name]) == channels
    return made


@pytest.mark.parametrize("decoder", list(decoders((1, 1, 1, 1))))
@pytest.mark.parametrize("backbone", list(BACKBONES))
def test_any_decoder_on_any_backbone(features, samples, decoder, backbone):
    feats = [feature.clone().requires_grad_() for feature in features[backbone]]
    config = decoders(BACKBONES[backbone][1])[decoder]
    batch = samples(height=64, width=64)
    for head, channels in (
        (SegmentationHead(config, 13), 13),
        (DepthHead(config), 1),
        (NormalHead(config), 3),
    ):
        raw = head(feats)
        assert raw.shape[:2] == (2, channels)
        pred = head.activate(raw, (64, 64))
        assert pred.shape == (2, channels, 64, 64)
        losses = head.loss(feats, batch)
        total = sum(value for name, value in losses.items() if "loss" in name)
        assert total.isfinite() and total > 0
        total.backward()
        trained = [p for p in head.parameters() if p.requires_grad]
        assert trained and all(p.grad is not None and p.grad.isfinite().all() for p in trained)
        assert sum(float(p.grad.abs().sum()) for p in trained) > 0
        head.eval()
        label = head.pseudo_label(head.activate(head(feats), (64, 64)))
        assert head.distance(pred, label).shape == (2, 64, 64)
        assert (head.distance(pred, label) >= 0).all()
        groups = head.groups(label)
        assert groups.shape == (2, 64, 64) and groups.dtype == torch.int64
        assert 0 <= groups.min() and groups.max() < head.num_groups
    assert all(f.grad is not None for f in feats[3:])


def test_initialisation_reaches_the_decoder(decoder_config):
    head = DepthHead(decoder_config())
    with torch.no_grad():
        head.decoder.conv_seg.weight.fill_(7.0)
    head.init_weights()
    assert head.decoder.conv_seg.weight.abs().max() < 0.1  # mmseg: normal, std 0.01


@pytest.mark.parametrize("align", [False, True])
def test_resize_is_the_decoders(decoder_config, align):
    head = DepthHead(decoder_config(align_corners=align))
    assert head.align_corners is align
    raw = torch.rand(1, 1, 4, 6)
    expected = nn.functional.interpolate(raw, (8, 12), mode="bilinear", align_corners=align)
    torch.testing.assert_close(head.resize(raw, (8, 12)), expected)
    assert head.resize(raw, (4, 6)) is raw
    assert head.resize(raw.half(), torch.Size((8, 12))).dtype == torch.float32


def test_predict_takes_the_padded_size(decoder_config):
    head = DepthHead(decoder_config()).eval()
    feats = [None, None, None, torch.rand(1, 32, 4, 6)]
    metas = [dict(img_shape=(30, 40), pad_shape=(32, 48))]
    assert head.predict(feats, metas).shape == (1, 1, 32, 48)
    assert head.predict(feats, [dict(img_shape=(30, 40, 3))]).shape == (1, 1, 30, 40)


def test_flip_mirrors(decoder_config):
    head = DepthHead(decoder_config())
    raw = torch.arange(6.0).view(1, 1, 2, 3)
    assert head.flip(raw, "horizontal")[0, 0].tolist() == [[2, 1, 0], [5, 4, 3]]
    assert head.flip(raw, "vertical")[0, 0].tolist() == [[3, 4, 5], [0, 1, 2]]


# -- losses by config -------------------------------------------------------------------------
def test_several_losses_and_torchs_own(decoder_config):
    head = DepthHead(
        decoder_config(),
        loss=[
            dict(type="DenseL1Loss", loss_weight=2.0),
            dict(type=torch.nn.SmoothL1Loss),
        ],
    )
    raw = torch.tensor([1.0, 2.0, 4.0]).view(1, 1, 1, 3)
    gt = torch.tensor([2.0, 2.5, float("nan")]).view(1, 1, 1, 3)
    losses = head.loss_by_map(raw, gt)
    assert set(losses) == {"loss_l1", "loss_smoothl1loss"}
    assert losses["loss_l1"].item() == pytest.approx(2 * 0.75)
    assert losses["loss_smoothl1loss"].item() == pytest.approx((0.5 + 0.125) / 2)


def test_losses_of_one_name_are_added(decoder_config):
    head = DepthHead(decoder_config(), loss=[dict(type="DenseL1Loss"), dict(type="DenseL1Loss")])
    losses = head.loss_by_map(torch.ones(1, 1, 1, 1), torch.full((1, 1, 1, 1), 3.0))
    assert losses["loss_l1"].item() == 4.0


# -- masks ----------------------------------------------------------------------------------------
HEADS = {
    "seg": lambda decoder: SegmentationHead(decoder, 5),
    "depth": lambda decoder: DepthHead(decoder),
    "silog": lambda decoder: DepthHead(decoder, activation="softplus", loss=dict(type="SiLogLoss")),
    "normal": lambda decoder: NormalHead(decoder),
    "channels": lambda decoder: ChannelHead(decoder, 2, "edge_map"),
    "binary": lambda decoder: BinaryHead(decoder, "saliency_map"),
}


def ground_truth(name):
    generator = torch.Generator().manual_seed(1)
    channels = {"normal": 3, "channels": 2}.get(name, 1)
    gt = torch.rand(2, channels, 8, 12, generator=generator) + 0.1
    if name == "seg":
        gt = torch.randint(5, (2, 1, 8, 12), generator=generator)
    if name == "binary":
        gt = (gt > 0.6).long()
    raw = torch.randn(2, {"seg": 5}.get(name, channels), 8, 12, generator=generator)
    unknown = torch.rand(2, 1, 8, 12, generator=generator) < 0.3
    mark = 255 if gt.dtype == torch.int64 else float("nan")
    return raw, gt.masked_fill(unknown, mark), unknown[:, 0]


def total_loss(head, raw, gt):
    return sum(v for k, v in head.loss_by_map(raw, gt).items() if "loss" in k)


@pytest.mark.parametrize("name", list(HEADS))
def test_unmeasured_pixels_count_in_no_loss(decoder_config, name):
    head, (raw, gt, unknown) = HEADS[name](decoder_config()), ground_truth(name)
    assert torch.equal(head.measured(gt), ~unknown)
    spoilt = raw.masked_fill(unknown[:, None], 1e4).requires_grad_()
    loss = total_loss(head, spoilt, gt)
    assert loss.item() == pytest.approx(total_loss(head, raw, gt).item(), rel=1e-6)
    loss.backward()
    assert spoilt.grad.isfinite().all()
    assert (spoilt.grad.movedim(1, -1)[unknown] == 0).all()
    assert (spoilt.grad.movedim(1, -1)[~unknown] != 0).any()


@pytest.mark.parametrize("name", list(HEADS))
def test_a_batch_without_ground_truth_backpropagates_zero(decoder_config, name):
    head, (raw, gt, _) = HEADS[name](decoder_config()), ground_truth(name)
    gt = torch.full_like(gt, 255 if gt.dtype == torch.int64 else float("nan"))
    raw.requires_grad_()
    loss = total_loss(head, raw, gt)
    loss.backward()
    assert loss.item() == 0 and (raw.grad == 0).all()


# -- errors ----------------------------------------------------------------------------------
def test_a_decoder_of_other_channels_is_refused(decoder_config):
    with pytest.raises(ValueError, match=r"NormalHead: decoder.num_classes is 4.*has 3 channel"):
        NormalHead(decoder_config(num_classes=4))
    assert NormalHead(decoder_config(num_classes=3)).decoder.num_classes == 3


def test_a_loss_inside_the_decoder_is_not_ignored_silently(decoder_config):
    """Where mmseg's own configs have it."""
    with pytest.raises(ValueError, match="SegmentationHead: decoder.loss_decode would not be used"):
        SegmentationHead(decoder_config(loss_decode=dict(type="DiceLoss")), 3)


def test_the_config_is_left_as_it_was(decoder_config):
    config = decoder_config()
    before = dict(config)
    DepthHead(config)
    assert config == before


def test_a_sample_without_the_annotation_is_named(decoder_config):
    head = ChannelHead(decoder_config(), 1, "edge_map")
    sample = SegDataSample(metainfo=dict(img_path="a/7.png"))
    sample.gt_sem_seg = PixelData(data=torch.zeros(1, 2, 2))
    with pytest.raises(KeyError, match=r"ChannelHead learns from 'gt_edge_map'.*a/7.png"):
        head.stack_gt([sample])


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_any_number_of_channels_builds_without_a_warning(decoder_config, channels, recwarn):
    raw = ChannelHead(decoder_config(), channels, "x_map")([None] * 3 + [torch.rand(2, 32, 4, 6)])
    assert raw.shape == (2, channels, 4, 6)
    assert [str(w.message) for w in recwarn if "decode_head" in str(w.filename)] == []
