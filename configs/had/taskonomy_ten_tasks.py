_base_ = [
    "../_base_/models/deeplabv3_r18-d8_taskonomy.py",
    "../_base_/datasets/taskonomy.py",
    "../_base_/schedules/adam_20e.py",
    "../_base_/taskonomy_phases.py",
    "../_base_/default_runtime.py",
]
model = dict(method=dict(type="HAD", loss_weight=3.0))
