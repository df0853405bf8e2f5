_base_ = [
    "../_base_/models/deeplabv3_r18-d8_pascal.py",
    "../_base_/datasets/pascal_multitask.py",
    "../_base_/schedules/adam_20e.py",
    "../_base_/default_runtime.py",
]
phases = [
    dict(tasks=["semseg"]),
    dict(tasks=["human_parts"]),
    dict(tasks=["sal"]),
    dict(tasks=["normals"]),
    dict(tasks=["edge"]),
]
model = dict(method=dict(type="HAD", loss_weight=3.0))
