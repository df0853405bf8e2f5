_base_ = "../segmentation/voc_segformer-b1.py"
model = dict(
    _delete_=True,
    type="DistilledSegmentor",
    student=_base_.model,
    teacher=dict(
        config="{{ fileDirname }}/../segmentation/voc_deeplabv3-r101.py",
        checkpoint="work_dirs/segmentation/voc_deeplabv3-r101/iter_40000.pth",
    ),
    distillers=[dict(type="HeteroAKDLoss"), dict(type="KDLoss", loss_weight=0.1)],
)
