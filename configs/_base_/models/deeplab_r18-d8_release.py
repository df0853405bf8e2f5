# The network of the authors' HAD release: both convolutions of a dilated block are dilated, a
# decoder has 4.73 million parameters, and images are RGB between 0 and 1, not normalised.
_base_ = "./deeplabv3_r18-d8.py"
decoder = dict(
    type="DeepLabHead",
    in_channels=512,
    in_index=3,
    channels=256,
    dilations=(1, 12, 24, 36),
    dropout_ratio=0.5,
    norm_cfg=dict(type="BN", requires_grad=True),
    align_corners=True,
)
own = dict(_delete_=True, decoder=decoder)
model = dict(
    data_preprocessor=dict(mean=[0.0, 0.0, 0.0], std=[255.0, 255.0, 255.0]),
    backbone=dict(type="DilatedResNet"),
    heads=dict(
        seg=dict(type="SegmentationHead", num_classes=13, **own),
        depth=dict(type="DepthHead", **own),
        normal=dict(type="NormalHead", **own),
    ),
)
