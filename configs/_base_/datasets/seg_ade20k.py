# ADE20K, 150 classes. Its dataset takes the label 0 for unlabelled (reduce_zero_label).
_base_ = "./segmentation.py"
dataset = dict(type="ADE20KDataset", data_root="data/ade/ADEChallengeData2016")
train_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img_path="images/training", seg_map_path="annotations/training"),
        **dataset,
    )
)
val_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img_path="images/validation", seg_map_path="annotations/validation"),
        **dataset,
    )
)
test_dataloader = val_dataloader
