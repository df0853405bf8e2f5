dataset_type = "RoomsDataset"
data_root = "data/rooms"

train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PackMultiTaskInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
tta_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)],
            [dict(type="LoadMultiTaskAnnotations")],
            [dict(type="PackMultiTaskInputs")],
        ],
    ),
]

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(type=dataset_type, data_root=data_root, split="train", pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type=dataset_type, data_root=data_root, split="val", pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="MultiTaskEvaluator",
    metrics=dict(
        seg=dict(type="SegmentationMetric"),
        depth=dict(type="DepthErrorMetric"),
        normal=dict(type="NormalErrorMetric"),
    ),
)
test_evaluator = val_evaluator
