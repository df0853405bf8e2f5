# About a quarter of CamVid's size, for many runs on few cores. Metrics are computed at full size.
_base_ = "./seg_camvid.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="MultiTaskResize", scale=(128, 96)),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PackMultiTaskInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="MultiTaskResize", scale=(128, 96)),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
views = [[dict(type="MultiTaskResize", scale=(128, 96))], *_base_.tta_pipeline[1].transforms[1:]]
tta_pipeline = [dict(type="LoadImageFromFile"), dict(type="TestTimeAug", transforms=views)]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
