"""Checks that a visualizer's options by field name fields that are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmseg.registry import MODELS, VISUALIZERS

from ....registered import registered_class
from ....spelling import hint
from .signatures import default_of


def check_drawn(cfg: Mapping, where: str = "") -> None:
    """Refuse options of a visualizer for fields that no head has, which would have no effect.

    The visualizer's class lists the options by field in its attribute ``by_field``.

    Raises:
        ValueError: Naming the field, and the task's if it is the name of a task.
    """
    visualizer = cfg.get("visualizer")
    if not isinstance(visualizer, Mapping):
        return
    fields = _fields(cfg.get("model"))
    options = getattr(registered_class(VISUALIZERS, visualizer), "by_field", ())
    for option in options if fields else ():
        given = visualizer.get(option)
        for name in given if isinstance(given, Mapping) else ():
            if name in fields.values():
                continue
            of_task = f"; task {name!r} draws {fields[name]!r}" if name in fields else ""
            raise ValueError(
                f"{where}visualizer.{option} names the field {name!r}, which no head has"
                f"{of_task or hint(str(name), fields.values())}; there are "
                f"{list(dict.fromkeys(fields.values()))}"
            )


def _fields(model: Any) -> dict[str, str]:
    """Field of each task; empty if a head's class is not known, so that its field is not."""
    heads = model.get("heads") if isinstance(model, Mapping) else None
    found = {}
    for task, head in heads.items() if isinstance(heads, Mapping) else ():
        kind = registered_class(MODELS, head) if isinstance(head, Mapping) else None
        field = head.get("field") if isinstance(head, Mapping) else None
        if field is None and kind is not None:
            field = default_of(kind, "field")
        if not isinstance(field, str):
            return {}
        found[task] = field
    return found
