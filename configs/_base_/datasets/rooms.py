_base_ = "./multi_task.py"
data_root = "data/rooms"
dataset = dict(type="RoomsDataset", data_root=data_root)
train_dataloader = dict(batch_size=4, dataset=dataset)
val_dataloader = dict(batch_size=8, dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(
    metrics=dict(
        seg=dict(type="SegmentationMetric"),
        depth=dict(type="DepthErrorMetric"),
        normal=dict(type="NormalErrorMetric"),
    )
)
test_evaluator = val_evaluator
