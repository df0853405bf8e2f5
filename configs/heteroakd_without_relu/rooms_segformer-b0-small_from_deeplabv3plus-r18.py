# Projectors without ReLU, after which KEM would give the true class the least weight; see
# docs/results/heteroakd.md.
_base_ = "../heteroakd/rooms_segformer-b0-small_from_deeplabv3plus-r18.py"
model = dict(
    distillers=[
        dict(type="HeteroAKDLoss", student_tap=2, grid="teacher", relu=False),
        dict(type="KDLoss", loss_weight=0.1),
    ]
)
