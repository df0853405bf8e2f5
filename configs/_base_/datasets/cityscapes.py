# The publisher's layout: 19 classes and inverse depth (disparity in pixels). For the 7 categories
# set num_classes=7, for depth in metres depth='metres' in each dataset.
_base_ = "./multi_task.py"
crop_size = (512, 1024)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(
        type="RandomResize",
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
        resize_type="MultiTaskResize",
        as_zoom=True,
    ),
    dict(type="MultiTaskRandomCrop", crop_size=crop_size, cat_max_ratio=0.75),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackMultiTaskInputs"),
]
data_root = "data/cityscapes"
dataset = dict(type="CityscapesMultiTaskDataset", data_root=data_root)
train_dataloader = dict(
    batch_size=8, num_workers=4, dataset=dict(pipeline=train_pipeline, **dataset)
)
val_dataloader = dict(batch_size=1, num_workers=4, dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(
    metrics=dict(seg=dict(type="SegmentationMetric"), depth=dict(type="DepthErrorMetric"))
)
test_evaluator = val_evaluator
