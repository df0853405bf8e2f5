# Only the classes of CamVid, at half its size, for single-task models.
_base_ = "./camvid_240x180.py"
train_dataloader = dict(dataset=dict(tasks=["seg"]))
val_dataloader = dict(dataset=dict(tasks=["seg"]))
test_dataloader = dict(dataset=dict(tasks=["seg"]))
val_evaluator = dict(metrics=dict(_delete_=True, seg=dict(type="SegmentationMetric")))
test_evaluator = val_evaluator
