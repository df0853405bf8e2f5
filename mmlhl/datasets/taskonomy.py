"""Taskonomy indoor scenes: ten dense tasks per view."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import mmengine.fileio as fileio
from mmseg.registry import DATASETS

from .. import config_values
from .arguments import with_defaults
from .ids import clean_path, stay_inside
from .multi_task_dataset import MultiTaskDataset
from .reading import read_lines

CLASSES = (
    "background",
    "bottle",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
)
PALETTE = [
    [96, 96, 96],
    [31, 119, 180],
    [255, 127, 14],
    [44, 160, 44],
    [152, 223, 138],
    [214, 39, 40],
    [140, 86, 75],
    [148, 103, 189],
    [20, 24, 40],
    [127, 127, 127],
    [188, 189, 34],
    [219, 219, 141],
    [23, 190, 207],
    [174, 199, 232],
    [227, 119, 194],
    [255, 187, 120],
    [247, 182, 210],
]


def _domain(
    name: str, kind: str, field: str | None = None, stored: str | None = None, **kwargs: Any
) -> dict:
    return dict(
        kind=kind,
        field=field or f"{name}_map",
        dir=name,
        suffix=f"_domain_{stored or name}.png",
        **kwargs,
    )


@DATASETS.register_module()
class TaskonomyDataset(MultiTaskDataset):
    """Taskonomy: ``<domain>/<building>/point_<p>_view_<v>_domain_<domain>.png``.

    Tasks are named like the publisher's domains:

    ==================== ========= ====================================================
    task                 kind      stored as
    ==================== ========= ====================================================
    segment_semantic     classes   8-bit, 256x256; 0 uncertain, 1 background, 2..17
                                   objects, in files ``..._domain_segmentsemantic.png``
    depth_zbuffer        depth     16-bit, 1/512 m along the optical axis, 65535 missing
    depth_euclidean      depth     16-bit, 1/512 m along the viewing ray, 65535 missing
    normal               normal    8-bit RGB, 127-centred; x right, y down, z towards
                                   the camera, which becomes -z of our frame
    reshading            channels  8-bit grey as RGB
    edge_texture         channels  16-bit
    edge_occlusion       channels  16-bit
    keypoints2d          channels  16-bit heat map
    keypoints3d          channels  16-bit heat map
    principal_curvature  channels  two of three 8-bit channels, 127-centred
    ==================== ========= ====================================================

    16-bit maps become p / 65535 and curvatures p / 255 - 127 / 255. Some of them use a small part
    of that range (``edge_texture`` hardly exceeds 0.2, ``keypoints2d`` 0.05); to learn from a
    wider one set ``annotations=dict(keypoints2d=dict(scale=...))``. Copies that keep a folder
    ``taskonomy`` between domain and building are read with ``folder='taskonomy'``.

    Args:
        buildings: Names of the buildings to read, or a file relative to ``data_root``: one name per
            line, or one of the publisher's tables (``train_val_test_medium.csv``: ``id``, and a
            column of 0 and 1 per split), in which ``split`` selects rows. All when None.
        folder: Folder between domain and building.
        **kwargs: Further arguments of :class:`MultiTaskDataset`.

    Raises:
        ValueError: If ``folder`` is not a string, both ``ann_file`` and ``buildings`` are given,
            or ``split`` is given without a table that defines it.
    """

    METAINFO = dict(classes=CLASSES, palette=PALETTE)
    IMG = dict(dir="rgb", suffix="_domain_rgb.png")
    ANNOTATIONS = dict(
        segment_semantic=_domain(
            "segment_semantic",
            "classes",
            field="sem_seg",
            stored="segmentsemantic",
            id_map={i: i - 1 for i in range(1, 18)},
            ignore=(0, 255),
            allow_void=True,
            resize=True,
        ),
        depth_zbuffer=_domain("depth_zbuffer", "depth", scale=1 / 512, invalid=(0, 65535)),
        depth_euclidean=_domain("depth_euclidean", "depth", scale=1 / 512, invalid=(0, 65535)),
        normal=_domain("normal", "normal", axes=("x", "y", "-z")),
        reshading=_domain("reshading", "channels", scale=1 / 255, channels=(0,)),
        edge_texture=_domain("edge_texture", "channels", scale=1 / 65535),
        edge_occlusion=_domain("edge_occlusion", "channels", scale=1 / 65535),
        keypoints2d=_domain("keypoints2d", "channels", scale=1 / 65535),
        keypoints3d=_domain("keypoints3d", "channels", scale=1 / 65535),
        principal_curvature=_domain(
            "principal_curvature",
            "channels",
            scale=1 / 255,
            offset=-127 / 255,
            channels=(0, 1),
        ),
    )

    def __init__(
        self, buildings: Sequence[str] | str | None = None, folder: str = "", **kwargs: Any
    ) -> None:
        self.buildings = buildings
        if not isinstance(folder, str):
            raise ValueError(f"folder of TaskonomyDataset is {folder!r}; it must be one string")
        if folder:
            # folders that the user gives take precedence over these defaults
            img = dict(dir=f"{self.IMG['dir']}/{folder}")
            kwargs["img"] = {**img, **(kwargs.get("img") or {})}
            moved = {n: dict(dir=f"{a['dir']}/{folder}") for n, a in self.ANNOTATIONS.items()}
            kwargs["annotations"] = with_defaults(kwargs.get("annotations"), **moved)
        if buildings is not None and kwargs.get("ann_file"):
            raise ValueError(
                f"TaskonomyDataset is given both ann_file ({kwargs['ann_file']!r}) and buildings "
                f"({buildings!r}), which both say what is read; set one of them to None"
            )
        kwargs["ann_file"] = kwargs.get("ann_file") or ""
        super().__init__(**kwargs)

    def list_ids(self, img_dir: str) -> list[str]:
        """Ids ``<building>/point_<p>_view_<v>`` of the chosen buildings.

        Raises:
            FileNotFoundError: If the list of buildings or a building does not exist.
            ValueError: If the list is a table without a column for ``split``, a building is named
                twice, or ``split`` is given without a table that defines it.
        """
        if self.ann_file or self.buildings is None:
            if self.split and not self.ann_file and "{split}" not in self.img["dir"]:
                raise ValueError(
                    f"split of TaskonomyDataset is {self.split!r}, but nothing says what is in it; "
                    "give the publisher's table as buildings, or leave split out for all of them"
                )
            return super().list_ids(img_dir)
        ids = []
        named: dict[str, str] = {}
        folders = [img_dir, *self._ann_folders().values()]
        for where, building in self._building_names():
            name = clean_path(building, where)
            if name in named:
                raise ValueError(f"{where}: {building!r} is named twice (first: {named[name]})")
            named[name] = where
            stay_inside(name, folders, self.data_root, where)
            path = fileio.join_path(img_dir, name)
            self._need_folder(path, "buildings", building)
            ids += self.ids_in_folder(path, f"{name}/")
        return ids

    def _building_names(self) -> list[tuple[str, str]]:
        """Where each building is named, and its name."""
        if not isinstance(self.buildings, str):
            return [("buildings", b) for b in config_values.names(self.buildings, "buildings")]
        path = self._join(self.buildings)
        if not fileio.isfile(path, backend_args=self.backend_args):
            raise FileNotFoundError(f"buildings is {self.buildings!r}, but {path!r} is not a file")
        lines = read_lines(path, "list of buildings", self.backend_args)
        rows = [[cell.strip() for cell in next(csv.reader([line]))] for _, line in lines]
        header = rows.pop(0) if rows and rows[0][0] == "id" else ["id"]
        places = [f"{path}, line {number}" for number, _ in lines][len(lines) - len(rows) :]
        named = list(zip(places, rows, strict=True))
        for where, row in named:
            if len(row) != len(header):
                raise ValueError(
                    f"{where}: expected {len(header)} columns, got {len(row)}; a table begins with "
                    "a line such as id,train,val,test"
                )
        if len(header) == 1:
            return [(where, row[0]) for where, row in named]
        if self.split not in header[1:]:
            raise ValueError(
                f"{path} says by columns which buildings are in {header[1:]}, but split is "
                f"{self.split!r}; it must be one of those"
            )
        column = header.index(self.split)
        for where, row in named:
            if row[column] not in ("0", "1"):
                raise ValueError(f"{where}: {self.split} is {row[column]!r}; it must be 0 or 1")
        return [(where, row[0]) for where, row in named if row[column] == "1"]
