_base_ = [
    "../_base_/models/seg_pspnet_r18-d8.py",
    "../_base_/datasets/seg_ade20k.py",
    "../_base_/schedules/sgd_40k.py",
    "../_base_/segmentation_runtime_iter.py",
]
model = dict(data_preprocessor=dict(size=(512, 512)), decode_head=dict(num_classes=150))
