# Five tasks in the layout of the literature.
_base_ = "./multi_task.py"
crop_size = (512, 512)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(
        type="RandomResize",
        scale=(2048, 512),
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
        resize_type="MultiTaskResize",
    ),
    dict(type="MultiTaskRandomCrop", crop_size=crop_size, cat_max_ratio=0.75),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackMultiTaskInputs"),
]
data_root = "data/PASCAL_MT"
dataset = dict(type="PascalMultiTaskDataset", data_root=data_root)
train_dataloader = dict(
    batch_size=8, num_workers=4, dataset=dict(pipeline=train_pipeline, **dataset)
)
val_dataloader = dict(batch_size=1, num_workers=4, dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(
    metrics=dict(
        semseg=dict(type="SegmentationMetric"),
        human_parts=dict(type="SegmentationMetric", field="human_parts"),
        sal=dict(type="BinaryMetric", field="saliency_map"),
        normals=dict(type="NormalErrorMetric"),
        edge=dict(type="BinaryMetric", field="edge_map", beta_squared=1),
    )
)
test_evaluator = val_evaluator
