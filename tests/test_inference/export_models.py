"""Tiny models with random weights, as loaded from checkpoints."""

import torch
from mmseg.registry import MODELS
from shared_fixtures import two_stages
from torch import nn

from mmlhl.inference import LoadedModel

BN = dict(type="BN")


def tiny(backbone, decoder, **options):
    """A model of two tasks with random weights, as loaded from a checkpoint."""
    heads = dict(
        seg=dict(type="SegmentationHead", num_classes=5, decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    )
    cfg = dict(type="LifelongSegmentor", backbone=backbone, heads=heads)
    cfg["data_preprocessor"] = dict(
        type="MultiTaskDataPreProcessor",
        mean=[120.0, 110.0, 100.0],
        std=[60.0, 50.0, 55.0],
        bgr_to_rgb=options.pop("rgb", True),
        test_cfg=options.pop("padding", None),
    )
    torch.manual_seed(0)
    model = MODELS.build({**cfg, **options}).eval().requires_grad_(False)
    for head in model.heads.values():
        nn.init.normal_(head.decoder.conv_seg.weight, std=1.0)
    return LoadedModel(model, {}, {}, "tiny.pth")


def resnet(kind, **options):
    own = dict(
        FCNHead=dict(num_convs=1),
        ASPPHead=dict(dilations=(1, 2)),
        PSPHead=dict(pool_scales=(1, 2, 3)),
    )
    decoder = dict(
        type=kind,
        in_channels=8,
        in_index=1,
        channels=4,
        norm_cfg=BN,
        align_corners=kind == "ASPPHead",
        **own[kind],
    )
    return tiny(two_stages(), decoder, **options)


def segformer(**options):
    widths = [4, 8, 16, 16]
    backbone = dict(
        type="MixVisionTransformer",
        embed_dims=4,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 2, 4, 4],
        sr_ratios=[8, 4, 2, 1],
    )
    decoder = dict(
        type="SegformerHead",
        in_channels=widths,
        in_index=[0, 1, 2, 3],
        channels=4,
        norm_cfg=BN,
        align_corners=False,
    )
    return tiny(backbone, decoder, **options)


def efficientnet():
    """The demo's backbone as far as stride 8, with the padding that it is about."""
    decoder = dict(type="FCNHead", in_channels=40, in_index=0, channels=4, num_convs=1, norm_cfg=BN)
    loaded = tiny(dict(type="EfficientNetLite", channels_last=True, out_indices=(2,)), decoder)
    del loaded.model.backbone.groups[3:]
    return loaded
