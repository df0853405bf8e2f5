# DeepLabV3's decoder on the last stage of MiT-B4, the Transformer teacher of HeteroAKD.
_base_ = "./seg_segformer_mit-b0.py"
model = dict(
    backbone=dict(
        embed_dims=64,
        num_layers=[3, 8, 27, 3],
        init_cfg=dict(
            checkpoint="https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/"
            "mit_b4_20220624-d588d980.pth",
        ),
    ),
    decode_head=dict(
        _delete_=True,
        type="ASPPHead",
        in_channels=512,
        in_index=3,
        channels=512,
        dilations=(1, 12, 24, 36),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=_base_.norm_cfg,
        align_corners=False,
        loss_decode=dict(type="CrossEntropyLoss", use_sigmoid=False, avg_non_ignore=True),
    ),
)
