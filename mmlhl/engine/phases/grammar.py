"""From the text of a config to its phases: pure, builds nothing and imports no model."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...spelling import hint

PHASE_KEYS = ("tasks", "name", "model", "cfg", "checkpoint")
#: bytes of a phase's name; file systems have room for 255, and more is put around it
LONGEST = 180
#: parts of the model that, by the old reading of ``cfg.model``, stay as a phase has changed them
LASTING = ("backbone", "neck", "heads", "data_preprocessor")


@dataclass(frozen=True)
class Phase:
    """One phase of a sequence.

    Attributes:
        index: Place in the sequence, from 0.
        tasks: The tasks it brings.
        seen: These and all earlier ones, in order of appearance.
        name: What the record and the folder call it.
        cfg: What it overrides in the sequence's config, for itself alone.
        architecture: Changes to the model that hold from some phase on, this one's and those of
            earlier ones, in order.
        checkpoint: Weights of a plain mmseg segmentor that make up this phase; nothing is
            trained then.
    """

    index: int
    tasks: tuple[str, ...]
    seen: tuple[str, ...]
    name: str
    cfg: dict = field(default_factory=dict)
    architecture: tuple[dict, ...] = ()
    checkpoint: str | None = None

    @property
    def folder(self) -> str:
        """Name of the phase's folder in the sequence's ``work_dir``."""
        return f"phase_{self.index + 1}_{self.name}"


def read_phases(cfg: Mapping) -> list[Phase]:
    """The phases of a config, as they are written.

    Args:
        cfg: A config with ``phases``.

    Raises:
        ValueError: Naming the key and the value: no phases, a phase without tasks, a task twice,
            an unknown key, a name that is none, a finished model in a place where none can be.
    """
    given = cfg.get("phases")
    if not isinstance(given, (list, tuple)) or not given:
        raise ValueError(
            "phases must be a list such as [dict(tasks=['seg']), dict(tasks=['depth'])], "
            f"got {given!r}"
        )
    phases: list[Phase] = []
    seen: list[str] = []
    lasting: list[dict] = []
    for index, entry in enumerate(given):
        key = f"phases[{index}]"
        if not isinstance(entry, dict) or not entry.get("tasks"):
            raise ValueError(f"{key} must be dict(tasks=[...], cfg=dict(...)), got {entry!r}")
        unknown = sorted(set(entry) - set(PHASE_KEYS))
        if unknown:
            raise ValueError(
                f"{key} has unknown keys {unknown}{hint(str(unknown[0]), PHASE_KEYS)}; known are "
                f"{list(PHASE_KEYS)}, and whatever the phase overrides goes into cfg=dict(...)"
            )
        tasks = entry["tasks"]
        _check_tasks(f"{key}.tasks", tasks, seen)
        seen.extend(tasks)
        name = entry.get("name") or name_of(tasks)
        if not isinstance(name, str):
            raise ValueError(f"{key}.name must be one string, got {name!r}")
        if len(os.fsencode(name)) > LONGEST:
            raise ValueError(
                f"{key}.name becomes a folder and may have {LONGEST} bytes, got {name!r}"
            )
        if Path(name).name != name or "\\" in name or name == "..":
            raise ValueError(f"{key}.name becomes a folder and may hold no '/', got {name!r}")
        checkpoint = entry.get("checkpoint")
        _check_checkpoint(f"{key}.checkpoint", checkpoint, index)
        own, changed = _overrides(key, entry)
        lasting.extend(changed)
        phases.append(
            Phase(index, tuple(tasks), tuple(seen), name, own, tuple(lasting), checkpoint)
        )
    return phases


def name_of(tasks: Sequence[str]) -> str:
    """Name of a phase that brings some tasks, unless its config gives it one.

    Args:
        tasks: The tasks.

    Returns:
        All of them, or as many as files and folders can be called by, and the number of the others.
    """
    name = "_".join(tasks)
    shown = len(tasks)
    while len(os.fsencode(name)) > LONGEST and shown > 1:
        shown -= 1
        name = f"{'_'.join(tasks[:shown])}_and_{len(tasks) - shown}_more"
    return name


def _check_tasks(key: str, tasks: object, seen: list[str]) -> None:
    if isinstance(tasks, str):
        raise ValueError(f"{key} must be a list, got {tasks!r}; write [{tasks!r}]")
    if not isinstance(tasks, (list, tuple)):
        raise ValueError(f"{key} must be a list of names, got {tasks!r}")
    for place, task in enumerate(tasks):
        if not isinstance(task, str) or not task.isidentifier():
            raise ValueError(
                f"{key}: {task!r} becomes a name of modules, metrics and folders; use "
                "letters, digits and '_'"
            )
        if task in seen or task in tasks[:place]:
            raise ValueError(f"{key}: {task!r} is listed twice in the sequence")


def _check_checkpoint(key: str, checkpoint: object, index: int) -> None:
    if checkpoint is None:
        return
    if not isinstance(checkpoint, str):
        raise ValueError(f"{key} must be a file or an address, got {checkpoint!r}")
    if index > 0:
        raise ValueError(f"{key}={checkpoint!r}: only the first phase can be a finished model")
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        raise ValueError(f"{key}: there is no file {checkpoint!r}")


def _overrides(key: str, entry: dict) -> tuple[dict, list[dict]]:
    """What a phase overrides for itself alone, and what it changes in the model for good."""
    for name in ("cfg", "model"):
        if not isinstance(entry.get(name) or {}, dict):
            raise ValueError(f"{key}.{name} must be a dict, got {entry[name]!r}")
    own = _nested(entry.get("cfg") or {})
    lasting = [_nested(entry["model"])] if entry.get("model") else []
    model = own.get("model") or {}
    old = {part: value for part, value in model.items() if part in LASTING}
    if old:
        warnings.warn(
            f"{key}.cfg.model changes {sorted(old)} for all later phases as well; write such "
            f"changes as {key}.model=dict(...), since cfg is going to hold for its phase alone",
            DeprecationWarning,
            stacklevel=4,
        )
        lasting.append(old)
    return own, lasting


def _nested(cfg: dict) -> dict:
    """A phase's overrides, with keys such as ``'model.backbone.depth'`` taken apart."""
    if not any("." in str(key) for key in cfg):
        return copy.deepcopy(dict(cfg))
    nested = Config()
    nested.merge_from_dict(copy.deepcopy(dict(cfg)))
    return dict(nested.items())


def merged_config(cfg: Config, phase: Phase) -> Config:
    """A copy of the sequence's config with what holds in a phase merged in.

    Args:
        cfg: The sequence's config.
        phase: One of its phases. Its ``model``, and that of earlier phases, is merged first, then
            its ``cfg``, which holds for this phase alone.
    """
    merged = copy.deepcopy(cfg)
    for model in phase.architecture:
        merged.merge_from_dict(dict(model=copy.deepcopy(model)))
    merged.merge_from_dict(copy.deepcopy(phase.cfg))
    _change_loop(merged.get("train_cfg"), phase.cfg.get("train_cfg"))
    for key in ("phases", "runner_type"):
        merged.pop(key, None)
    return merged


def _change_loop(train: Any, own: Any) -> None:
    """A phase that names a length in the other unit counts in that unit alone."""
    if not isinstance(train, dict) or not isinstance(own, Mapping) or "_delete_" in own:
        return
    for here, there in (("max_iters", "max_epochs"), ("max_epochs", "max_iters")):
        if here in own and there in train and there not in own:
            del train[there]
            if "type" not in train and "by_epoch" not in own:
                train["by_epoch"] = here == "max_epochs"


def learning_model(cfg: Mapping) -> dict:
    """The model that learns: the one inside, where another wraps it for testing."""
    model: Any = cfg.get("model")
    while isinstance(model, dict) and isinstance(model.get("module"), dict):
        model = model["module"]
    return model
