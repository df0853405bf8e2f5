_base_ = "../segmentation/rooms_segformer-b0-small.py"
model = dict(
    _delete_=True,
    type="DistilledSegmentor",
    student=_base_.model,
    teacher=dict(
        config="{{ fileDirname }}/../segmentation/rooms_deeplabv3plus-r18.py",
        checkpoint="work_dirs/segmentation/rooms_deeplabv3plus-r18/epoch_30.pth",
    ),
    distillers=[
        # the last map of a small image has few pixels; the one before has the size of the CNN's
        dict(type="HeteroAKDLoss", student_tap=2, grid="teacher"),
        dict(type="KDLoss", loss_weight=0.1),
    ],
)
