"""NYUv2 indoor scenes: classes, depth and normals."""

from __future__ import annotations

from mmseg.registry import DATASETS

from .multi_task_dataset import MultiTaskDataset

CLASSES_13 = (
    "bed",
    "books",
    "ceiling",
    "chair",
    "floor",
    "furniture",
    "objects",
    "picture",
    "sofa",
    "table",
    "tv",
    "wall",
    "window",
)
PALETTE_13 = [
    [214, 39, 40],
    [188, 189, 34],
    [199, 210, 230],
    [255, 152, 60],
    [140, 110, 84],
    [97, 76, 160],
    [23, 190, 207],
    [240, 110, 190],
    [44, 130, 60],
    [152, 223, 138],
    [20, 24, 40],
    [200, 190, 160],
    [60, 120, 230],
]


@DATASETS.register_module()
class NYUv2Dataset(MultiTaskDataset):
    """NYUv2 as arrays: ``{train,val}/{image,label,depth,normal}/<i>.npy``.

    Images are float (H, W, 3) RGB in [0, 1], labels (H, W) with -1 ignored, depth (H, W, 1) in
    metres with 0 unmeasured, normals (H, W, 3) with the zero vector missing. The set has 795
    training and 654 validation images, 288x384 in the copy that the literature uses.
    """

    METAINFO = dict(classes=CLASSES_13, palette=PALETTE_13)
    IMG = dict(dir="{split}/image", suffix=".npy")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", dir="{split}/label", suffix=".npy"),
        depth=dict(kind="depth", dir="{split}/depth", suffix=".npy"),
        normal=dict(kind="normal", dir="{split}/normal", suffix=".npy"),
    )
