_base_ = "../segmentation/cityscapes_segformer-b0.py"
model = dict(
    _delete_=True,
    type="DistilledSegmentor",
    student=_base_.model,
    teacher=dict(
        config="{{ fileDirname }}/../segmentation/cityscapes_deeplabv3-mit-b4.py",
        checkpoint="work_dirs/segmentation/cityscapes_deeplabv3-mit-b4/iter_40000.pth",
    ),
    distillers=[dict(type="HeteroAKDLoss"), dict(type="KDLoss", loss_weight=0.1)],
)
