# One head for each of PASCAL multi-task's five tasks.
_base_ = "./deeplabv3_r18-d8.py"
decoder = _base_.decoder
model = dict(
    heads=dict(
        _delete_=True,
        semseg=dict(type="SegmentationHead", num_classes=21, decoder=decoder),
        human_parts=dict(
            type="SegmentationHead", num_classes=7, field="human_parts", decoder=decoder
        ),
        sal=dict(type="BinaryHead", field="saliency_map", decoder=decoder),
        normals=dict(type="NormalHead", decoder=decoder),
        # edges are rare: the literature weights them 0.95 to 0.05
        edge=dict(
            type="BinaryHead",
            field="edge_map",
            decoder=decoder,
            loss=dict(type="DenseBCELoss", pos_weight=19.0, loss_weight=0.05),
        ),
    )
)
