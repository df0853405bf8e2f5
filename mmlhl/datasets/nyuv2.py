"""NYUv2 indoor scenes: classes, depth and normals."""

from __future__ import annotations

from typing import Any

from mmseg.registry import DATASETS

from .arguments import with_defaults
from .multi_task_dataset import MultiTaskDataset
from .nyuv2_classes import CLASSES_13, CLASSES_40, PALETTE_13

METAINFO: dict[int, dict] = {
    13: dict(classes=CLASSES_13, palette=PALETTE_13),
    40: dict(classes=CLASSES_40),
}
"""Names and colours by the number of classes."""


@DATASETS.register_module()
class NYUv2Dataset(MultiTaskDataset):
    """NYUv2 as arrays: ``{train,val}/{image,label,depth,normal}/<i>.npy``.

    Images are float (H, W, 3) RGB in [0, 1], labels (H, W) with -1 ignored, depth (H, W, 1) in
    metres with 0 unmeasured, normals (H, W, 3) with the zero vector missing. The set has 795
    training and 654 validation images, 288x384 in the copy that the literature uses.
    ``tools/dataset_converters/nyuv2.py`` makes them from the publisher's file.

    Args:
        num_classes: 13 or 40, whichever the label arrays hold.
        metainfo: As in :class:`MultiTaskDataset`; defaults to all of the classes.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.

    Raises:
        ValueError: On another number of classes.
    """

    IMG = dict(dir="{split}/image", suffix=".npy")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", dir="{split}/label", suffix=".npy"),
        depth=dict(kind="depth", dir="{split}/depth", suffix=".npy"),
        normal=dict(kind="normal", dir="{split}/normal", suffix=".npy"),
    )

    def __init__(self, num_classes: int = 13, metainfo: dict | None = None, **kwargs: Any) -> None:
        if not isinstance(num_classes, int) or num_classes not in METAINFO:
            raise ValueError(f"num_classes of NYUv2 is {num_classes!r}; it must be 13 or 40")
        annotations = with_defaults(kwargs.pop("annotations", None), seg=METAINFO[num_classes])
        super().__init__(metainfo=metainfo, annotations=annotations, **kwargs)
