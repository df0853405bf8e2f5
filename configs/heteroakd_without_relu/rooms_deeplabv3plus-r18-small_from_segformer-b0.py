# Projectors without ReLU, after which KEM would give the true class the least weight; see
# docs/results/heteroakd.md.
_base_ = "../heteroakd/rooms_deeplabv3plus-r18-small_from_segformer-b0.py"
model = dict(
    distillers=[
        dict(type="HeteroAKDLoss", relu=False),
        dict(type="KDLoss", loss_weight=0.1),
    ]
)
