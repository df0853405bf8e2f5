# A narrow DeepLabV3+ that two CPU cores train from scratch: ResNet-18 at half width, output
# stride 16, low-level features from the first stage.
_base_ = "./lifelong_default.py"
norm_cfg = dict(type="BN", requires_grad=True)
decoder = dict(
    type="DepthwiseSeparableASPPHead",
    in_channels=256,
    in_index=3,
    channels=64,
    dilations=(1, 2, 4),
    c1_in_channels=32,
    c1_channels=16,
    dropout_ratio=0.0,
    norm_cfg=norm_cfg,
    align_corners=False,
)
model = dict(
    backbone=dict(
        type="ResNet",
        depth=18,
        base_channels=32,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 1, 2),
        strides=(1, 2, 2, 1),
        norm_cfg=norm_cfg,
        norm_eval=False,
        style="pytorch",
        contract_dilation=True,
    ),
    heads=dict(
        seg=dict(type="SegmentationHead", num_classes=13, decoder=decoder),
        depth=dict(type="DepthHead", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    ),
)
