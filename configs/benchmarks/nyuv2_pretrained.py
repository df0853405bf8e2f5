# Methods on NYUv2 at 96x128 (evaluated at 144x192) from ImageNet weights, for a CPU.
_base_ = ["../had/nyuv2_144x192_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
resize = dict(type="MultiTaskResize", scale=(128, 96))
load, annotate, flip, pack = _base_.train_pipeline
train_pipeline = [load, annotate, resize, flip, pack]
test_pipeline = [load, resize, annotate, pack]
apart = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline), **apart)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline), **apart)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline), **apart)
optim_wrapper = dict(optimizer=dict(fused=True))
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=6, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=6)
rows = ["Naive", "LwF", "HAD", "HAD, offset 0.05", "HAD as released", "SGP", "Joint", "Single"]
rows += ["LwF, T = 2", "LwF + SGP", "HAD, offset 0.05 + SGP", "HAD without SG", "HAD without DB"]
rows += ["HAD, arithmetic", "HAD, 5 bins", "HAD, 10 bins", "HAD, 15 bins", "SPG", "DER"]
# three values to start from; strengths are chosen after two phases, by the gain over naive
# training, which takes half of the time
first = {name: dict(search=dict(loss_weight=[0.3, 1.0, 3.0])) for name in rows[1:5]}
benchmark = dict(
    orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]],
    rows=rows,
    methods=dict(SGP=dict(search=dict(alpha=[3.0, 10.0, 30.0])), **first),
    search_phases=2,
    search_by="gain",
)
