"""A planar scene with exact depth and normals, and pipeline results made of it."""

import numpy as np
import pytest

from mmlhl.datasets.geometry import pixel_rays

FOCAL = 40.0
SIZE = (36, 48)


def plane_depth(normal: np.ndarray, distance: float) -> np.ndarray:
    """z-depth of the plane n . P = -distance, with the principal point at the image's centre."""
    height, width = SIZE
    u, v = pixel_rays(height, width, FOCAL, FOCAL, width / 2, height / 2)
    return -distance / (normal[0] * u + normal[1] * v + normal[2])


@pytest.fixture
def plane() -> dict:
    """Results of one slanted plane; a block of pixels is unmeasured, unlabelled or missing."""
    normal = np.array([0.3, -0.5, -0.8])
    normal /= np.linalg.norm(normal)
    depth = plane_depth(normal, 2.0).astype(np.float32)
    rng = np.random.RandomState(0)
    label = rng.randint(0, 5, SIZE).astype(np.uint8)
    normals = np.broadcast_to(normal, (*SIZE, 3)).astype(np.float32).copy()
    depth[4:7, 10:14] = np.nan
    label[4:7, 10:14] = 255
    normals[20:22, 5:9] = np.nan
    return dict(
        img=rng.randint(0, 255, (*SIZE, 3)).astype(np.uint8),
        img_shape=SIZE,
        ori_shape=SIZE,
        gt_seg_map=label,
        gt_depth_map=depth,
        gt_disparity_map=1.0 / depth,
        gt_normal_map=normals,
        gt_curvature_map=rng.rand(*SIZE, 6).astype(np.float32),
        gt_saliency_map=(label > 2).astype(np.uint8),
        seg_fields=["gt_seg_map", "gt_saliency_map"],
        dense_fields=dict(
            gt_seg_map="classes",
            gt_saliency_map="binary",
            gt_depth_map="depth",
            gt_disparity_map="depth",
            gt_normal_map="normal",
            gt_curvature_map="channels",
        ),
        inverse_fields=["gt_disparity_map"],
    )
