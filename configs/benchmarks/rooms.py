# What tools/benchmarks/methods.py runs on rooms at 64x96, small enough for some 150 runs on a CPU.
_base_ = ["../had/rooms_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
narrow = dict(decoder=dict(in_channels=128, c1_in_channels=16))
model = dict(backbone=dict(base_channels=16), heads=dict(seg=narrow, depth=narrow, normal=narrow))
loader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root="data/rooms_64x96"))
train_dataloader = loader
val_dataloader = loader
test_dataloader = loader
optim_wrapper = dict(optimizer=dict(fused=True))  # on CPUs from torch 2.4 on
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=7, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=7)
benchmark = dict(orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]])
