# CamVid at half its size, for machines without a GPU. Metrics are computed at full size.
_base_ = "./camvid.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="MultiTaskResize", scale=(240, 180)),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PackMultiTaskInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="MultiTaskResize", scale=(240, 180)),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
views = [[dict(type="MultiTaskResize", scale=(240, 180))], *_base_.tta_pipeline[1].transforms]
tta_pipeline = [dict(type="LoadImageFromFile"), dict(type="TestTimeAug", transforms=views)]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
