# Methods on rooms at 96x128 from ImageNet weights, 16 images per step.
_base_ = ["../had/rooms_seg_depth_normal_pretrained.py", "../_base_/benchmark_methods.py"]
apart = dict(num_workers=0, persistent_workers=False)
train_dataloader = apart
val_dataloader = apart
test_dataloader = apart
optim_wrapper = dict(optimizer=dict(fused=True))
rows = ["Naive", "LwF", "HAD", "HAD, offset 0.05", "HAD as released", "SGP", "Joint", "Single"]
rows += ["LwF + SGP", "SGP + WarmStart", "LwF + SGP + WarmStart"]
benchmark = dict(
    orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]],
    rows=rows,
    search_phases=2,
    search_by="gain",
)
