_base_ = "./multi_task.py"
data_root = "data/camvid"
dataset = dict(type="CamVidDataset", data_root=data_root)
train_dataloader = dict(batch_size=8, dataset=dataset)
val_dataloader = dict(batch_size=8, dataset=dataset)
test_dataloader = dict(batch_size=8, dataset=dict(split="test", **dataset))
val_evaluator = dict(
    metrics=dict(
        seg=dict(type="SegmentationMetric"),
        edge=dict(type="ChannelErrorMetric", field="edge_map"),
    )
)
test_evaluator = val_evaluator
