# The student learns from the teacher only, without the gradient of its projector's cross-entropy.
_base_ = "../heteroakd/camvid_segformer-b0-small_from_deeplabv3plus-r18.py"
model = dict(
    distillers=[
        dict(
            type="HeteroAKDLoss",
            student_tap=2,
            grid="teacher",
            tau=1.0,
            relu=False,
            supervise_features=False,
        ),
        dict(type="KDLoss", loss_weight=0.1),
    ]
)
