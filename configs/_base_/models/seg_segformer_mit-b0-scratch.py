# SegFormer-B0 for small images from scratch: less reduction in attention, no drop path.
_base_ = "./seg_segformer_mit-b0.py"
norm_cfg = dict(type="BN", requires_grad=True)
model = dict(
    backbone=dict(drop_path_rate=0.0, sr_ratios=[4, 2, 1, 1], init_cfg=None),
    decode_head=dict(channels=128, dropout_ratio=0.0, norm_cfg=norm_cfg, num_classes=13),
)
