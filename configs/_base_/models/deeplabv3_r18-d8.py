# ResNet-18 at output stride 8 and one DeepLabV3 decoder per task, both as mmseg builds them. Close
# to the network of the HAD release, which is deeplab_r18-d8_release.py.
_base_ = "./lifelong_default.py"
norm_cfg = dict(type="BN", requires_grad=True)
decoder = dict(
    type="ASPPHead",
    in_channels=512,
    in_index=3,
    channels=256,
    dilations=(1, 12, 24, 36),
    dropout_ratio=0.5,
    norm_cfg=norm_cfg,
    align_corners=True,
)
model = dict(
    backbone=dict(
        type="ResNet",
        depth=18,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        norm_cfg=norm_cfg,
        norm_eval=False,
        style="pytorch",
        contract_dilation=True,
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet18"),
    ),
    heads=dict(
        seg=dict(type="SegmentationHead", num_classes=13, decoder=decoder),
        depth=dict(type="DepthHead", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
    ),
)
