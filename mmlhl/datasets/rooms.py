"""Rendered rooms with exact labels, written by ``mmlhl.rendering``."""

from __future__ import annotations

from mmseg.registry import DATASETS

from .multi_task_dataset import MultiTaskDataset
from .rooms_classes import CLASSES, PALETTE


@DATASETS.register_module()
class RoomsDataset(MultiTaskDataset):
    """Rooms: ``<split>/{image,label,depth,normal}/<id>.png``.

    Labels are 8-bit class ids with 255 ignored, depth is 16-bit in millimetres with 0 unmeasured,
    normals are 16-bit RGB = (x, y, z) with (0, 0, 0) missing, in our camera frame.
    """

    METAINFO = dict(classes=CLASSES, palette=[list(colour) for colour in PALETTE])
    IMG = dict(dir="{split}/image", suffix=".png")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", dir="{split}/label"),
        depth=dict(kind="depth", dir="{split}/depth", scale=0.001),
        normal=dict(kind="normal", dir="{split}/normal"),
    )

    def _need_folder(self, folder: str, key: str, value: str) -> None:
        try:
            super()._need_folder(folder, key, value)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error}; rooms are rendered by "
                f"`mmlhl rooms --out {self.data_root}` (tools/dataset_converters/rooms.py)"
            ) from None
