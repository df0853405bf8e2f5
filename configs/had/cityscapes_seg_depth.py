_base_ = [
    "../_base_/models/deeplabv3_r18-d8.py",
    "../_base_/datasets/cityscapes_npy_7.py",
    "../_base_/schedules/adam_20e.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"])]
model = dict(
    heads=dict(seg=dict(num_classes=7)),
    method=dict(type="HAD", loss_weight=3.0),
)
