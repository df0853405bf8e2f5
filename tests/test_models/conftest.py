"""Tiny segmentors of two architectures."""

from __future__ import annotations

import pytest


def _segmentor(backbone, head, num_classes, preprocessor):
    from mmengine.config import ConfigDict  # not above, see tests/conftest.py

    decode_head = dict(
        num_classes=num_classes,
        align_corners=False,
        norm_cfg=dict(type="BN"),
        loss_decode=dict(type="CrossEntropyLoss"),
    )
    normalise = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
    return ConfigDict(
        type="EncoderDecoder",
        data_preprocessor=dict(
            type="SegDataPreProcessor", size_divisor=32, **{**normalise, **preprocessor}
        ),
        backbone=backbone,
        decode_head={**decode_head, **head},
        train_cfg=dict(),
        test_cfg=dict(mode="whole"),
    )


@pytest.fixture
def cnn_segmentor():
    """A function: config of a ResNet-18 of 8 channels with an FCN head, output stride 32."""

    def config(num_classes=3, **preprocessor):
        backbone = dict(type="ResNet", depth=18, stem_channels=8, base_channels=8)
        head = dict(type="FCNHead", in_channels=64, channels=8, in_index=3, num_convs=1)
        return _segmentor(backbone, head, num_classes, preprocessor)

    return config


@pytest.fixture
def transformer_segmentor():
    """A function: config of a Mix Transformer of 8 channels with a SegFormer head, stride 4."""

    def config(num_classes=3, **preprocessor):
        backbone = dict(
            type="MixVisionTransformer",
            embed_dims=8,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 1, 1, 2],
        )
        channels = [8, 8, 8, 16]
        head = dict(type="SegformerHead", in_channels=channels, in_index=[0, 1, 2, 3], channels=8)
        return _segmentor(backbone, head, num_classes, preprocessor)

    return config
