_base_ = "./seg_depth_normal.py"
data_root = "data/rooms"
dataset = dict(type="RoomsDataset", data_root=data_root)
train_dataloader = dict(batch_size=4, dataset=dataset)
val_dataloader = dict(batch_size=8, dataset=dataset)
test_dataloader = val_dataloader
