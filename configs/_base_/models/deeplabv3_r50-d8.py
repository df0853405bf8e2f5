_base_ = "./deeplabv3_r18-d8.py"
decoder = dict(in_channels=2048)
model = dict(
    backbone=dict(depth=50, init_cfg=dict(checkpoint="torchvision://resnet50")),
    heads=dict(
        seg=dict(decoder=decoder),
        depth=dict(decoder=decoder),
        normal=dict(decoder=decoder),
    ),
)
