# Settings of all runs of tools/benchmarks/heteroakd.py on CamVid at 128x96, except for the model.
_base_ = [
    "../_base_/models/seg_deeplabv3plus_r18-small.py",
    "../_base_/datasets/seg_camvid_128x96.py",
    "../_base_/schedules/adamw_30e.py",
    "../_base_/segmentation_runtime.py",
    "../_base_/benchmark_distillation.py",
]
model = dict(data_preprocessor=dict(size=(96, 128)), decode_head=dict(num_classes=11))
train_dataloader = dict(batch_size=6, num_workers=0, persistent_workers=False)
# nothing is chosen by a metric: all runs are evaluated once, at their end, on the test set
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(split="test"))
test_dataloader = dict(num_workers=0, persistent_workers=False)
variants = {"HeteroAKD apart": "heteroakd_apart"}
benchmark = dict(data="camvid", epochs=dict(student=6, teacher=12), methods=variants)
