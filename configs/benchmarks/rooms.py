# What tools/benchmarks/methods.py runs on rooms at 64x96: 200 images and 10 epochs a phase.
_base_ = ["../had/rooms_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
data_root = "data/rooms_64x96"
train_dataloader = dict(batch_size=4, num_workers=1, dataset=dict(data_root=data_root))
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=10, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=10)
default_hooks = dict(logger=dict(interval=50))
benchmark = dict(
    orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]],
    seeds=[0, 1, 2],
    # a seed of its own, so that no strength is chosen by the runs that are reported
    search_seed=100,
    methods=_base_.benchmark_methods,
)
