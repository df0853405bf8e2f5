_base_ = ["./cityscapes_npy_19.py"]

train_dataloader = dict(dataset=dict(num_classes=7))
val_dataloader = dict(dataset=dict(num_classes=7))
test_dataloader = dict(dataset=dict(num_classes=7))
