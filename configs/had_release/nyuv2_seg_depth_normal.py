# Network, input and loss of the authors' release, which also does not shuffle the images:
# train_dataloader = dict(sampler=dict(shuffle=False))
_base_ = [
    "../_base_/models/deeplab_r18-d8_release.py",
    "../_base_/datasets/nyuv2.py",
    "../_base_/schedules/adam_20e.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"]), dict(tasks=["normal"])]
model = dict(method=dict(type="HADRelease"))
