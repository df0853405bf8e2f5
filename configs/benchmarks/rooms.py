# What tools/benchmarks/methods.py runs on rooms at 64x96: 200 images and 7 epochs a phase, with a
# quarter of ResNet-18's channels, so that some 150 runs fit into three hours of one CPU core.
_base_ = ["../had/rooms_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
data_root = "data/rooms_64x96"
decoder = dict(decoder=dict(in_channels=128, c1_in_channels=16))
model = dict(
    backbone=dict(base_channels=16), heads=dict(seg=decoder, depth=decoder, normal=decoder)
)
train_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(data_root=data_root))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
optim_wrapper = dict(optimizer=dict(fused=True))  # on CPUs from torch 2.4 on
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=7, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=7)
default_hooks = dict(logger=dict(interval=50))
benchmark = dict(
    orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]],
    seeds=[0, 1, 2],
    # a seed of its own, so that no strength is chosen by the runs that are reported
    search_seed=100,
    methods=_base_.benchmark_methods,
)
