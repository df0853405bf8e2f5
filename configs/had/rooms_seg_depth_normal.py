_base_ = [
    "../_base_/models/deeplabv3plus_r18-small.py",
    "../_base_/datasets/rooms.py",
    "../_base_/schedules/adam_rooms.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"]), dict(tasks=["normal"])]
model = dict(method=dict(type="HAD", loss_weight=3.0))
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(interval=5))
