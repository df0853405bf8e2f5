# A quarter of ResNet-18's channels.
_base_ = "./seg_deeplabv3plus_r18.py"
model = dict(
    backbone=dict(stem_channels=16, base_channels=16),
    decode_head=dict(in_channels=128, channels=32, c1_in_channels=16, c1_channels=12),
)
