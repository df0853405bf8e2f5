_base_ = [
    "../_base_/models/seg_deeplabv3_mit-b4.py",
    "../_base_/datasets/seg_cityscapes.py",
    "../_base_/schedules/adamw_40k.py",
    "../_base_/segmentation_runtime_iter.py",
]
model = dict(data_preprocessor=dict(size=(512, 1024)), decode_head=dict(num_classes=19))
