# The model of a phase with a new encoder, a small Mix Transformer from scratch, and its decoders:
# phases = [..., dict(tasks=[...], model=_base_.mit_small)]
mit_small_decoder = dict(
    _delete_=True,
    type="SegformerHead",
    in_channels=[16, 32, 80, 128],
    in_index=[0, 1, 2, 3],
    channels=64,
    dropout_ratio=0.0,
    norm_cfg=dict(type="BN", requires_grad=True),
    align_corners=False,
)
mit_small = dict(
    backbone=dict(
        _delete_=True,
        type="MixVisionTransformer",
        embed_dims=16,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 2, 5, 8],
        sr_ratios=[4, 2, 1, 1],
        drop_path_rate=0.0,
    ),
    heads=dict(
        seg=dict(decoder=mit_small_decoder),
        depth=dict(decoder=mit_small_decoder),
        normal=dict(decoder=mit_small_decoder),
    ),
)
