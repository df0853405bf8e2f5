"""Cityscapes street scenes: 19 classes or 7 categories, and inverse depth."""

from __future__ import annotations

from mmseg.registry import DATASETS

from .multi_task_dataset import MultiTaskDataset

CLASSES_19 = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
PALETTE_19 = [
    [128, 64, 128],
    [244, 35, 232],
    [70, 70, 70],
    [102, 102, 156],
    [190, 153, 153],
    [153, 153, 153],
    [250, 170, 30],
    [220, 220, 0],
    [107, 142, 35],
    [152, 251, 152],
    [70, 130, 180],
    [220, 20, 60],
    [255, 0, 0],
    [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100],
    [0, 80, 100],
    [0, 0, 230],
    [119, 11, 32],
]
CLASSES_7 = ("flat", "construction", "object", "nature", "sky", "human", "vehicle")
PALETTE_7 = [
    [128, 64, 128],
    [70, 70, 70],
    [153, 153, 153],
    [107, 142, 35],
    [70, 130, 180],
    [220, 20, 60],
    [0, 0, 142],
]
METAINFO = {
    19: dict(classes=CLASSES_19, palette=PALETTE_19),
    7: dict(classes=CLASSES_7, palette=PALETTE_7),
}
"""Names and colours by the number of classes."""


def metainfo_of(num_classes: int) -> dict:
    """Names and colours of the 19 classes or the 7 categories.

    Args:
        num_classes: 19 or 7.

    Returns:
        Dictionary with ``classes`` and ``palette``.

    Raises:
        ValueError: For any other number.
    """
    if num_classes not in METAINFO:
        raise ValueError(f"num_classes of Cityscapes is {num_classes!r}; it must be 19 or 7")
    return METAINFO[num_classes]


@DATASETS.register_module()
class CityscapesNpyDataset(MultiTaskDataset):
    """Cityscapes as the arrays that the multi-task literature shares.

    ``{train,val}/{image,label_7,label_19,depth}/<i>.npy`` of 128x256: images float (H, W, 3) RGB in
    [0, 1], labels with -1 ignored, depth (H, W, 1) *inverse* with 0 unmeasured. 2975 training and
    500 validation images.

    Args:
        num_classes: 19 classes (``label_19``) or 7 categories (``label_7``).
        metainfo: As in :class:`MultiTaskDataset`; defaults to the names of the classes.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.
    """

    IMG = dict(dir="{split}/image", suffix=".npy")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", suffix=".npy"),
        depth=dict(kind="depth", dir="{split}/depth", suffix=".npy", inverse=True),
    )

    def __init__(self, num_classes: int = 19, metainfo: dict | None = None, **kwargs) -> None:
        metainfo = {**metainfo_of(num_classes), **(metainfo or {})}
        annotations = dict(kwargs.pop("annotations", None) or {})
        if annotations.get("seg", {}) is not None:
            folder = dict(dir=f"{{split}}/label_{num_classes}")
            annotations["seg"] = {**folder, **annotations.get("seg", {})}
        super().__init__(metainfo=metainfo, annotations=annotations, **kwargs)
