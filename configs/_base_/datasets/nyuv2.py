# The authors' arrays, without augmentation.
_base_ = "./seg_depth_normal.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
data_root = "data/nyuv2"
dataset = dict(type="NYUv2Dataset", data_root=data_root)
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(batch_size=64, dataset=dataset)
test_dataloader = val_dataloader
