"""Cityscapes street scenes: 19 classes or 7 categories, and inverse depth."""

from __future__ import annotations

import json
import os.path as osp
from collections.abc import Mapping
from typing import Any

import numpy as np
from mmseg.registry import DATASETS

from .. import config_values
from .arguments import with_defaults
from .multi_task_dataset import MultiTaskDataset
from .reading import read_bytes

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
LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Stored label id of each of the 19 classes; the other ids up to 33 take no part."""

CATEGORIES = (0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6, 6, 6, 6, 6)
"""Category of each of the 19 classes."""

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
    if not isinstance(num_classes, int) or num_classes not in METAINFO:
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


def id_map_of(num_classes: int) -> dict[int, int]:
    """Stored ``labelIds`` -> class.

    As in the official evaluation, ids that are ignored there (parking, bridge, trailer ...) belong
    to no category either.

    Args:
        num_classes: 19 or 7.

    Returns:
        A class or 255 for every id from 0 to 33.
    """
    ids = {i: 255 for i in range(34)}
    for train_id, label_id in enumerate(LABEL_IDS):
        ids[label_id] = train_id if num_classes == 19 else CATEGORIES[train_id]
    return ids


def train_id_map_of(num_classes: int) -> dict[int, int]:
    """Stored ``labelTrainIds``, which the publisher's scripts make -> class.

    Args:
        num_classes: 19 or 7.

    Returns:
        A class for every id from 0 to 18.
    """
    return {i: i if num_classes == 19 else CATEGORIES[i] for i in range(len(CLASSES_19))}


class DisparityToMetres:
    """Depth = baseline * fx / disparity, with each frame's own camera file.

    Args:
        max_depth: Farther than this, the disparity of a fraction of a pixel says little: such
            pixels count as unmeasured.
        backend_args: Arguments of mmengine's file backend.
    """

    def __init__(self, max_depth: float, backend_args: dict | None = None) -> None:
        self.max_depth = config_values.number(max_depth, "max_depth")
        if not self.max_depth > 0:
            raise ValueError(f"max_depth is {max_depth!r}; it must be above 0, in metres")
        self.backend_args = backend_args

    def __call__(self, disparity: np.ndarray, results: dict) -> np.ndarray:
        """Convert a disparity map.

        Args:
            disparity: (H, W) float32 pixels, NaN where unmeasured.
            results: Pipeline results with ``camera_path``.

        Returns:
            (H, W) float32 metres.

        Raises:
            FileNotFoundError: If the camera file is missing.
            ValueError: If it is no JSON file with a positive baseline and focal length.
        """
        path = results["camera_path"]
        content = read_bytes(path, "camera file for depth in metres", self.backend_args)
        try:
            camera = json.loads(content)
            lengths = float(camera["extrinsic"]["baseline"]), float(camera["intrinsic"]["fx"])
            if not min(lengths) > 0:
                raise ValueError("they are not positive")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path}: expected a camera file with positive extrinsic.baseline and "
                f"intrinsic.fx ({error})"
            ) from None
        depth = np.float32(lengths[0] * lengths[1]) / disparity
        depth[depth > self.max_depth] = np.nan
        return depth


@DATASETS.register_module()
class CityscapesMultiTaskDataset(MultiTaskDataset):
    """Cityscapes in the publisher's tree.

    ``leftImg8bit/<split>/<city>/*_leftImg8bit.png``, ``gtFine/.../*_gtFine_labelIds.png``,
    ``disparity/.../*_disparity.png`` and, for depth in metres, ``camera/.../*_camera.json``.
    Where ``annotations=dict(seg=dict(suffix='_gtFine_labelTrainIds.png'))`` names the files of
    training ids, ids are read as those.
    Disparity is (p - 1) / 256 pixels for stored p > 0; 0 is unmeasured. 2975 training and 500
    validation images of 1024x2048.

    Args:
        num_classes: 19 classes or 7 categories.
        depth: ``'inverse'`` for the disparity itself, which grows towards the camera, or
            ``'metres'``.
        max_depth: For metres, what is farther counts as unmeasured.
        metainfo: As in :class:`MultiTaskDataset`; defaults to all of the classes.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.
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
        """Add the frame's camera file where depth in metres needs it.

        Args:
            img_id: The sample's id.
            img_dir: Folder of the images.
            folders: Task -> folder of its annotation.

        Returns:
            The sample's dictionary.
        """
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
