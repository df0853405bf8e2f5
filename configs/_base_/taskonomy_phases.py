# The ten phases of Taskonomy, in the order in which the dataset lists its tasks.
phases = [
    dict(tasks=["segment_semantic"]),
    dict(tasks=["depth_zbuffer"]),
    dict(tasks=["depth_euclidean"]),
    dict(tasks=["normal"]),
    dict(tasks=["reshading"]),
    dict(tasks=["edge_texture"]),
    dict(tasks=["edge_occlusion"]),
    dict(tasks=["keypoints2d"]),
    dict(tasks=["keypoints3d"]),
    dict(tasks=["principal_curvature"]),
]
