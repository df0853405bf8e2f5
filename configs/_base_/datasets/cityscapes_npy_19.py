# The arrays of the literature, without augmentation.
_base_ = "./multi_task.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
data_root = "data/cityscapes_npy"
dataset = dict(type="CityscapesNpyDataset", data_root=data_root, num_classes=19)
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(batch_size=64, dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(
    metrics=dict(seg=dict(type="SegmentationMetric"), depth=dict(type="DepthErrorMetric"))
)
test_evaluator = val_evaluator
