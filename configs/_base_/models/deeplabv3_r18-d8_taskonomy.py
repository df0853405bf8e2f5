# One head for each of Taskonomy's ten tasks.
_base_ = "./deeplabv3_r18-d8.py"
decoder = _base_.decoder
model = dict(
    heads=dict(
        _delete_=True,
        segment_semantic=dict(type="SegmentationHead", num_classes=17, decoder=decoder),
        depth_zbuffer=dict(type="DepthHead", field="depth_zbuffer_map", decoder=decoder),
        depth_euclidean=dict(type="DepthHead", field="depth_euclidean_map", decoder=decoder),
        normal=dict(type="NormalHead", decoder=decoder),
        reshading=dict(type="ChannelHead", channels=1, field="reshading_map", decoder=decoder),
        edge_texture=dict(
            type="ChannelHead", channels=1, field="edge_texture_map", decoder=decoder
        ),
        edge_occlusion=dict(
            type="ChannelHead", channels=1, field="edge_occlusion_map", decoder=decoder
        ),
        keypoints2d=dict(type="ChannelHead", channels=1, field="keypoints2d_map", decoder=decoder),
        keypoints3d=dict(type="ChannelHead", channels=1, field="keypoints3d_map", decoder=decoder),
        principal_curvature=dict(
            type="ChannelHead", channels=2, field="principal_curvature_map", decoder=decoder
        ),
    )
)
