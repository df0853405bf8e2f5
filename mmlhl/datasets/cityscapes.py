"""Cityscapes street scenes: 19 classes or 7 categories, and inverse depth."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping
from typing import Any

from mmseg.registry import DATASETS

from .arguments import with_defaults
from .cityscapes_classes import (  # noqa: F401  re-exported
    CATEGORIES,
    CLASSES_7,
    CLASSES_19,
    LABEL_IDS,
    METAINFO,
    PALETTE_7,
    PALETTE_19,
    id_map_of,
    metainfo_of,
    train_id_map_of,
)
from .cityscapes_depth import DisparityToMetres
from .multi_task_dataset import MultiTaskDataset


@DATASETS.register_module()
class CityscapesNpyDataset(MultiTaskDataset):
    """Cityscapes as the arrays that the multi-task literature shares.

    ``{train,val}/{image,label_7,label_19,depth}/<i>.npy`` of 128x256: images float (H, W, 3) RGB in
    [0, 1], labels with -1 ignored, depth (H, W, 1) *inverse* with 0 unmeasured. 2975 training and
    500 validation images.

    Args:
        num_classes: 19 classes (``label_19``) or 7 categories (``label_7``).
        metainfo: As in :class:`MultiTaskDataset`; defaults to all of the classes.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.
    """

    IMG = dict(dir="{split}/image", suffix=".npy")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", suffix=".npy"),
        depth=dict(kind="depth", dir="{split}/depth", suffix=".npy", inverse=True),
    )

    def __init__(self, num_classes: int = 19, metainfo: dict | None = None, **kwargs: Any) -> None:
        own = dict(dir=f"{{split}}/label_{num_classes}", **metainfo_of(num_classes))
        annotations = with_defaults(kwargs.pop("annotations", None), seg=own)
        super().__init__(metainfo=metainfo, annotations=annotations, **kwargs)


@DATASETS.register_module()
class CityscapesMultiTaskDataset(MultiTaskDataset):
    """Cityscapes in the publisher's folder layout.

    ``leftImg8bit/<split>/<city>/*_leftImg8bit.png``, ``gtFine/.../*_gtFine_labelIds.png``,
    ``disparity/.../*_disparity.png`` and, for depth in metres, ``camera/.../*_camera.json``.
    With ``annotations=dict(seg=dict(suffix='_gtFine_labelTrainIds.png'))`` the files of training
    ids are read instead.
    Disparity is (p - 1) / 256 pixels for stored p > 0; 0 is unmeasured. 2975 training and 500
    validation images of 1024x2048.

    Args:
        num_classes: 19 classes or 7 categories.
        depth: ``'inverse'`` for the disparity itself, which grows towards the camera, or
            ``'metres'``.
        max_depth: Greatest depth in metres; greater values count as unmeasured.
        metainfo: As in :class:`MultiTaskDataset`; defaults to all of the classes.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.

    Raises:
        ValueError: On another number of classes, another ``depth``, or a ``max_depth`` that is not
            above 0.
    """

    IMG = dict(dir="leftImg8bit/{split}", suffix="_leftImg8bit.png")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", dir="gtFine/{split}", suffix="_gtFine_labelIds.png"),
        depth=dict(
            kind="depth",
            dir="disparity/{split}",
            suffix="_disparity.png",
            scale=1 / 256,
            offset=-1 / 256,
            inverse=True,
        ),
    )

    def __init__(
        self,
        num_classes: int = 19,
        depth: str = "inverse",
        max_depth: float = 100.0,
        metainfo: dict | None = None,
        **kwargs: Any,
    ) -> None:
        if depth not in ("inverse", "metres"):
            raise ValueError(f"depth of Cityscapes is {depth!r}; it must be 'inverse' or 'metres'")
        given = kwargs.pop("annotations", None)
        names = metainfo_of(num_classes)
        of = train_id_map_of if _are_train_ids(given) else id_map_of
        changes = dict(seg=dict(id_map=of(num_classes), **names))
        if depth == "metres":
            changes["depth"] = dict(
                inverse=False, post=DisparityToMetres(max_depth, kwargs.get("backend_args"))
            )
        self.depth = depth
        annotations = with_defaults(given, **changes)
        super().__init__(metainfo=metainfo, annotations=annotations, **kwargs)
        if depth == "inverse" and "depth_map_unit" not in (metainfo or {}):
            self._metainfo["depth_map_unit"] = "px"

    def sample_info(self, img_id: str, img_dir: str, folders: Mapping[str, str]) -> dict:
        """Add the frame's camera file if depth is read in metres."""
        info = super().sample_info(img_id, img_dir, folders)
        if self.depth == "metres" and "depth" in self.tasks:
            info["camera_path"] = self._join(
                osp.join("camera", self.split, f"{img_id}_camera.json")
            )
        return info


def _are_train_ids(annotations: Any) -> bool:
    seg = annotations.get("seg") if isinstance(annotations, Mapping) else None
    suffix = seg.get("suffix") if isinstance(seg, Mapping) else None
    return isinstance(suffix, str) and "trainids" in suffix.lower()
