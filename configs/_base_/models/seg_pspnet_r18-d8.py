_base_ = "./seg_deeplabv3_r18-d8.py"
model = dict(
    decode_head=dict(
        _delete_=True,
        type="PSPHead",
        in_channels=512,
        in_index=3,
        channels=128,
        pool_scales=(1, 2, 3, 6),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=_base_.norm_cfg,
        align_corners=False,
        loss_decode=dict(type="CrossEntropyLoss", use_sigmoid=False, avg_non_ignore=True),
    ),
)
