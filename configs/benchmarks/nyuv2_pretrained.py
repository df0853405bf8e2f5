# Methods on NYUv2 at 96x128 from ImageNet weights, for a CPU. The search begins with three
# strengths and scores them after two phases, by the gain over naive training.
_base_ = ["../had/nyuv2_96x128_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
optim_wrapper = dict(optimizer=dict(fused=True))
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=6, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=6)
rows = ["Naive", "LwF", "HAD", "HAD, offset 0.05", "HAD as released", "SGP", "Joint", "Single"]
rows += ["LwF, T = 2", "LwF + SGP", "HAD, offset 0.05 + SGP", "HAD without SG", "HAD without DB"]
rows += ["LwF + WarmStart", "SGP + WarmStart", "LwF + SGP + WarmStart"]
rows += ["HAD, arithmetic", "HAD, 5 bins", "HAD, 10 bins", "HAD, 15 bins", "SPG", "DER"]
rows += ["LwF, first teachers", "LwF, first teachers + SGP", "LwF 0.3 + SGP", "LwF 1 + SGP"]
methods = {name: dict(search=dict(loss_weight=[0.3, 1.0, 3.0])) for name in rows[1:5]}
methods["SGP"] = dict(search=dict(alpha=[3.0, 10.0, 30.0]))
methods.update({row: dict(search={"methods.1.alpha": [3.0, 10.0, 30.0]}) for row in rows[-2:]})
orders = [["seg", "depth", "normal"], ["depth", "normal", "seg"]]
benchmark = dict(orders=orders, rows=rows, methods=methods, search_phases=2, search_by="gain")
