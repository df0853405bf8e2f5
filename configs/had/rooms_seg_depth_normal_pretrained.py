_base_ = [
    "../_base_/models/efficientnet-lite0.py",
    "../_base_/datasets/rooms.py",
    "../_base_/schedules/adam_pretrained.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"]), dict(tasks=["normal"])]
model = dict(method=dict(type="HAD", loss_weight=1.0))
train_dataloader = dict(batch_size=16)
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=8, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=8)
