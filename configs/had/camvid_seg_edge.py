_base_ = [
    "../_base_/models/deeplabv3plus_r18-small.py",
    "../_base_/datasets/camvid_240x180.py",
    "../_base_/schedules/adam_30e.py",
    "../_base_/default_runtime.py",
]
phases = [dict(tasks=["seg"]), dict(tasks=["edge"])]
model = dict(
    heads=dict(
        _delete_=True,
        seg=dict(type="SegmentationHead", num_classes=11, decoder=_base_.decoder),
        edge=dict(type="ChannelHead", channels=1, field="edge_map", decoder=_base_.decoder),
    ),
    method=dict(type="HAD", loss_weight=3.0),
)
default_hooks = dict(logger=dict(interval=25))
