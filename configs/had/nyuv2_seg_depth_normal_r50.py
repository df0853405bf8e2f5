_base_ = [
    "../_base_/models/deeplabv3_r50-d8.py",
    "../_base_/datasets/nyuv2.py",
    "../_base_/schedules/adam_20e.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"]), dict(tasks=["normal"])]
model = dict(method=dict(type="HAD", loss_weight=3.0))
