_base_ = "../segmentation/rooms_deeplabv3plus-r18-small.py"
model = dict(
    _delete_=True,
    type="DistilledSegmentor",
    student=_base_.model,
    teacher=dict(
        config="{{ fileDirname }}/../segmentation/rooms_segformer-b0.py",
        checkpoint="work_dirs/segmentation/rooms_segformer-b0/epoch_30.pth",
    ),
    distillers=[dict(type="HeteroAKDLoss"), dict(type="KDLoss", loss_weight=0.1)],
)
