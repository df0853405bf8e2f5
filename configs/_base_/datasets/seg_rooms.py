# Only the classes of rooms, for single-task models.
_base_ = "./rooms.py"
train_dataloader = dict(dataset=dict(tasks=["seg"]))
val_dataloader = dict(dataset=dict(tasks=["seg"]))
test_dataloader = dict(dataset=dict(tasks=["seg"]))
val_evaluator = dict(metrics=dict(_delete_=True, seg=dict(type="SegmentationMetric")))
test_evaluator = val_evaluator
