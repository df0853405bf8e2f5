"""Kind, unit and classes of each task's maps, and the maps as arrays in real units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from mmseg.structures import SegDataSample

from ..models.segmentors import LifelongSegmentor
from ..visualization.map_colours import UNITS, default_palette


@dataclass(frozen=True)
class TaskInfo:
    """One task of a model.

    Args:
        task: Its name.
        kind: ``classes``, ``depth``, ``normal``, ``binary`` or ``channels``.
        field: Field of the data sample, ``pred_<field>``.
        unit: Unit of its values, such as ``m``.
        classes: Names of the classes, for classes.
        palette: Their colours, RGB.
    """

    task: str
    kind: str
    field: str
    unit: str
    classes: list[str] | None = None
    palette: list[list[int]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields that are not None, as plain data."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def describe_tasks(model: LifelongSegmentor, meta: Mapping[str, Any]) -> dict[str, TaskInfo]:
    """Describe the maps of each task of a model.

    Args:
        model: The model.
        meta: Its dataset's meta information: ``classes`` and ``palette`` of the field
            ``sem_seg``, ``<field>_classes`` and ``<field>_palette`` of others, ``<field>_unit``.

    Returns:
        Descriptions by task. Classes without a name are called ``class 7``; those without a colour
        get one.
    """
    infos = {}
    for task, head in model.heads.items():
        kind, field = head.kind, head.field
        names = colours = None
        if kind == "classes":
            prefix = "" if field == "sem_seg" else f"{field}_"
            count = int(head.num_classes)
            names = [str(name) for name in meta.get(f"{prefix}classes") or ()][:count]
            names += [f"class {i}" for i in range(len(names), count)]
            colours = [list(map(int, c)) for c in meta.get(f"{prefix}palette") or ()][:count]
            colours += default_palette(count).tolist()[len(colours) :]
        unit = meta.get(f"{field}_unit") or UNITS.get(kind, "")
        infos[task] = TaskInfo(task, kind, field, unit, names, colours)
    return infos


def task_arrays(sample: SegDataSample, infos: Mapping[str, TaskInfo]) -> dict[str, np.ndarray]:
    """The predictions in a data sample as arrays.

    Args:
        sample: With ``pred_<field>`` of every task.
        infos: The tasks.

    Returns:
        By task, at the image's size and in real units: class ids ``(H, W)`` int64, depth and
        probabilities ``(H, W)`` float32, unit vectors ``(H, W, 3)`` float32, channels
        ``(H, W, K)`` or, of one channel, ``(H, W)`` float32.
    """
    arrays = {}
    for task, info in infos.items():
        data = sample.get(f"pred_{info.field}").data.detach().cpu()
        if info.kind != "classes":
            data = data.to(torch.float32)
        array = data.numpy()
        one = len(array) == 1 and info.kind != "normal"
        arrays[task] = array[0] if one else np.ascontiguousarray(array.transpose(1, 2, 0))
    return arrays
