# The student learns from the teacher only, without the gradient of its projector's cross-entropy.
_base_ = "../heteroakd/rooms_deeplabv3plus-r18-small_from_segformer-b0.py"
model = dict(
    distillers=[
        dict(
            type="HeteroAKDLoss",
            tau=1.0,
            relu=False,
            supervise_features=False,
        ),
        dict(type="KDLoss", loss_weight=0.1),
    ]
)
