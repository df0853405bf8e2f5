# Pascal VOC 2012 with the 10582 training images of SBD (`SegmentationClassAug`, and their names in
# `ImageSets/Segmentation/aug.txt`, both made by mmseg's converter).
_base_ = "./segmentation.py"
voc = dict(
    type="PascalVOCDataset",
    data_root="data/VOCdevkit/VOC2012",
    data_prefix=dict(img_path="JPEGImages", seg_map_path="SegmentationClass"),
)
train = dict(ann_file="ImageSets/Segmentation/train.txt", pipeline={{_base_.train_pipeline}}, **voc)
train_aug = dict(
    type="PascalVOCDataset",
    data_root="data/VOCdevkit/VOC2012",
    data_prefix=dict(img_path="JPEGImages", seg_map_path="SegmentationClassAug"),
    ann_file="ImageSets/Segmentation/aug.txt",
    pipeline={{_base_.train_pipeline}},
)
train_dataloader = dict(
    dataset=dict(_delete_=True, type="ConcatDataset", datasets=[train, train_aug])
)
val_dataloader = dict(dataset=dict(ann_file="ImageSets/Segmentation/val.txt", **voc))
test_dataloader = val_dataloader
