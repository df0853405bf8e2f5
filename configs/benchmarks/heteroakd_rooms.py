# Settings of all runs of tools/benchmarks/heteroakd.py on rooms at 64x96, except for the model.
_base_ = [
    "../segmentation/rooms_deeplabv3plus-r18-small.py",
    "../_base_/benchmark_distillation.py",
]
data_root = "data/rooms_64x96"
model = dict(data_preprocessor=dict(size=(64, 96)))
train_dataloader = dict(
    batch_size=12, num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root)
)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root))
variants = {
    "HeteroAKD without ReLU": "heteroakd_without_relu",
    "HeteroAKD apart": "heteroakd_apart",
}
benchmark = dict(data="rooms", epochs=dict(student=8, teacher=20), methods=variants)
