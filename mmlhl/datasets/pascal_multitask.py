"""PASCAL with five tasks: classes, human parts, saliency, normals and edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mmengine.fileio as fileio
from mmseg.registry import DATASETS

from .. import config_values
from .arguments import with_defaults
from .multi_task_dataset import MultiTaskDataset
from .pascal_classes import (  # noqa: F401  re-exported
    CLASSES,
    NORMAL_CLASSES,
    PART_IDS,
    PARTS,
    PERSON,
    voc_palette,
)
from .pascal_mat import WithinClasses, read_edges, read_human_parts


@DATASETS.register_module()
class PascalMultiTaskDataset(MultiTaskDataset):
    """PASCAL-Context images with five tasks, in the layout that the literature shares.

    ``JPEGImages/<id>.jpg``; ``semseg/VOC12/<id>.png`` or, where that is missing,
    ``semseg/pascal-context/<id>.png`` (palette images, 255 void); ``human_parts/<id>.mat``;
    ``sal_distill/<id>.png`` (grey, salient above one half); ``normals_distill/<id>.png`` (8-bit
    RGB); ``pascal-context/trainval/<id>.mat`` for edges; lists
    ``ImageSets/Context/{train,val}.txt`` (4998 and 5105 images). Saliency and normals there
    are the outputs of other networks.

    Images without people have human parts of background only and are included; the literature's
    evaluation of parts skips them.

    Args:
        split: ``train`` or ``val``; names the list file unless ``ann_file`` is given.
        ann_file: List of ids, relative to ``data_root``.
        normal_classes: Ids in PASCAL-Context's label maps whose normals are used, by default those
            of the literature; None for all pixels.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.

    Raises:
        ValueError: If ``normal_classes`` is empty or holds anything but ids.
    """

    METAINFO = dict(classes=CLASSES, palette=voc_palette(len(CLASSES)))
    IMG = dict(dir="JPEGImages", suffix=".jpg")
    ANNOTATIONS = dict(
        semseg=dict(kind="classes", field="sem_seg", dir="semseg/VOC12"),
        human_parts=dict(
            kind="classes",
            field="human_parts",
            dir="human_parts",
            suffix=".mat",
            classes=PARTS,
            palette=voc_palette(len(PARTS)),
            reader=read_human_parts,
        ),
        sal=dict(kind="binary", field="saliency_map", dir="sal_distill", threshold=127.5),
        normals=dict(kind="normal", dir="normals_distill"),
        edge=dict(
            kind="binary",
            field="edge_map",
            dir="pascal-context/trainval",
            suffix=".mat",
            reader=read_edges,
        ),
    )
    SECOND_SEMSEG = "semseg/pascal-context"
    REGIONS = "pascal-context/trainval"

    def __init__(
        self,
        split: str = "train",
        ann_file: str | None = None,
        normal_classes: Sequence[int] | None = NORMAL_CLASSES,
        **kwargs: Any,
    ) -> None:
        if ann_file is None:
            ann_file = f"ImageSets/Context/{split}.txt"
        if normal_classes is not None:
            wanted = config_values.integers(normal_classes, "normal_classes")
            if not wanted:
                raise ValueError(
                    "normal_classes is empty; it must name ids, or None for all pixels"
                )
            post = WithinClasses(wanted, kwargs.get("backend_args"))
            kwargs["annotations"] = with_defaults(
                kwargs.get("annotations"), normals=dict(post=post)
            )
        super().__init__(split=split, ann_file=ann_file, **kwargs)

    def sample_info(self, img_id: str, img_dir: str, folders: Mapping[str, str]) -> dict:
        """Add the label map of PASCAL-Context, and take semantic labels from where they exist."""
        info = super().sample_info(img_id, img_dir, folders)
        if "normals" in self.tasks:
            info["regions_path"] = self._join(f"{self.REGIONS}/{img_id}.mat")
        first = info["ann_paths"].get("semseg")
        if first and not fileio.exists(first, backend_args=self.backend_args):
            second = self._join(f"{self.SECOND_SEMSEG}/{img_id}{self.ann_specs['semseg'].suffix}")
            if fileio.exists(second, backend_args=self.backend_args):
                info["ann_paths"]["semseg"] = info["seg_map_path"] = second
        return info
