# NYUv2 at 144x192 (see nyuv2_144x192.py), trained at 96x128 and evaluated at full size.
_base_ = "nyuv2_144x192.py"
resize = dict(type="MultiTaskResize", scale=(128, 96))
load, annotate, flip, pack = _base_.train_pipeline
train_pipeline = [load, annotate, resize, flip, pack]
test_pipeline = [load, resize, annotate, pack]
views = dict(type="TestTimeAug", transforms=[[resize], *_base_.tta_pipeline[1].transforms])
tta_pipeline = [load, views]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
