# Methods on rooms at 96x128 from ImageNet weights, 16 images per step.
_base_ = ["../had/rooms_seg_depth_normal_pretrained.py", "../_base_/benchmark_methods.py"]
apart = dict(num_workers=0, persistent_workers=False)
train_dataloader = apart
val_dataloader = apart
test_dataloader = apart
optim_wrapper = dict(optimizer=dict(fused=True))
rows = ["Naive", "LwF", "HAD", "HAD, offset 0.05", "HAD as released", "SGP", "Joint", "Single"]
rows += ["LwF + SGP", "SGP + WarmStart", "LwF + SGP + WarmStart", "LwF 1 + SGP"]
rows += ["LwF, first teachers", "LwF, first teachers + SGP"]
methods = {"LwF": dict(search=dict(loss_weight=[0.3, 1.0, 3.0]))}
methods["LwF 1 + SGP"] = dict(search={"methods.1.alpha": [3.0, 10.0, 30.0]})
benchmark = dict(
    orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]],
    rows=rows,
    methods=methods,
    search_phases=2,
    search_by="gain",
)
