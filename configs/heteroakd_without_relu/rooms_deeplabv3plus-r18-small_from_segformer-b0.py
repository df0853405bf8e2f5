# Projectors of both signs: behind a ReLU, KEM weighs the true class least; see
# docs/results/heteroakd.md.
_base_ = "../heteroakd/rooms_deeplabv3plus-r18-small_from_segformer-b0.py"
model = dict(
    distillers=[
        dict(type="HeteroAKDLoss", relu=False),
        dict(type="KDLoss", loss_weight=0.1),
    ]
)
