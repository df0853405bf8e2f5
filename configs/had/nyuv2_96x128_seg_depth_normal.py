_base_ = [
    "../_base_/models/efficientnet-lite0.py",
    "../_base_/datasets/nyuv2_96x128.py",
    "../_base_/schedules/adam_pretrained.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"]), dict(tasks=["normal"])]
model = dict(method=dict(type="HAD", loss_weight=3.0))
