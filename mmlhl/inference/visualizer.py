"""The visualizer of a loaded model: kinds, units, names and colours of its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..visualization import MultiTaskVisualizer
from .loading import LoadedModel
from .task_maps import describe_tasks

OPTIONS = ("cell_width", "limits", "alpha")
"""Options of a config's visualizer that also apply to predictions."""


def visualizer_of(name: str, loaded: LoadedModel, given: Mapping[str, Any]) -> MultiTaskVisualizer:
    """Make the visualizer of a model's predictions.

    Args:
        name: Name of the instance.
        loaded: The model and the dataset meta information of its checkpoint.
        given: The config's visualizer, whose ``kinds`` and drawing options are kept.

    Returns:
        The visualizer, with units, names and colours in its ``dataset_meta``.
    """
    infos = describe_tasks(loaded.model, loaded.dataset_meta)
    kinds = {info.field: info.kind for info in infos.values()}
    kinds.update(given.get("kinds") or {})
    own = {key: given[key] for key in OPTIONS if key in given}
    visualizer = MultiTaskVisualizer(name, kinds=kinds, **own)
    meta = dict(loaded.dataset_meta)
    for info in infos.values():
        meta[f"{info.field}_unit"] = info.unit
        meta[f"{info.field}_task"] = info.task
        if info.kind == "classes":
            prefix = "" if info.field == "sem_seg" else f"{info.field}_"
            meta.update({f"{prefix}classes": info.classes, f"{prefix}palette": info.palette})
    visualizer.dataset_meta = meta
    visualizer.fields = tuple(info.field for info in infos.values())
    return visualizer
