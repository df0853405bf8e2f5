_base_ = [
    "../_base_/models/seg_deeplabv3plus_r18-small.py",
    "../_base_/datasets/seg_rooms.py",
    "../_base_/schedules/adamw_30e.py",
    "../_base_/segmentation_runtime.py",
]
model = dict(data_preprocessor=dict(size=(96, 128)), decode_head=dict(num_classes=13))
default_hooks = dict(logger=dict(interval=25))
