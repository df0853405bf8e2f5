# Rooms at 64x96, a quarter of ResNet-18's width, 7 epochs per phase: a sequence in about a minute
# on one CPU core. The strength is the best of the search in docs/results/rooms.md.
_base_ = "./rooms_seg_depth_normal.py"
narrow = dict(decoder=dict(in_channels=128, c1_in_channels=16))
model = dict(
    backbone=dict(base_channels=16),
    heads=dict(seg=narrow, depth=narrow, normal=narrow),
    method=dict(loss=dict(offset=0.05), loss_weight=0.1),
)
loader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root="data/rooms_64x96"))
train_dataloader = loader
val_dataloader = loader
test_dataloader = loader
optim_wrapper = dict(optimizer=dict(fused=True))  # on CPUs from torch 2.4 on
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=7, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=7)
