"""From the text of a config to its phases: pure, builds nothing and imports no model."""

from __future__ import annotations

import copy
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

from mmengine.config import Config

from ...evaluation import LifelongRecord
from ...explaining import explained_error
from ...registered import type_name
from ...spelling import hint

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
PHASE_KEYS = ("tasks", "name", "model", "cfg", "checkpoint")
#: the record's file in a work dir
RECORD = "lifelong.json"
#: keys of the whole sequence
OF_SEQUENCE = (
    *("phases", "runner_type", "work_dir", "experiment_name", "resume", "resume_changed"),
    *("launcher", "disjoint_phases", "dry_run", "check_labels", "custom_imports"),
)
#: parts that do not matter for a phase that adopts a finished model
TRAINING = (
    *("train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler"),
    *("auto_scale_lr", "pseudo_labels"),
)
#: names of mmengine's checkpoints
STEPS = re.compile(r"(best_.+_)?(epoch|iter)_\d+")
#: longest name of a phase in bytes; file systems allow 255, and a suffix and prefix are added
LONGEST = 180
#: parts of the model whose changes in ``cfg.model`` persist; deprecated, now ``phases[i].model``
LASTING = ("backbone", "neck", "heads", "data_preprocessor")
#: mmengine's loops by the key of their length
LOOPS = {"max_epochs": "EpochBasedTrainLoop", "max_iters": "IterBasedTrainLoop"}


@dataclass(frozen=True)
class Phase:
    """One phase of a sequence.

    Attributes:
        index: Position in the sequence, from 0.
        tasks: The new tasks.
        seen: The new and all earlier tasks, in order of appearance.
        name: Name in the record and of the folder.
        cfg: Overrides of the sequence's config, for this phase only.
        architecture: Lasting changes to the model, of this and all earlier phases, in order.
        checkpoint: Checkpoint of a finished model that is this phase, which is then not trained.
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
    """Read the phases of a config.

    Raises:
        ValueError: Naming the key and the value: no phases, a phase without tasks, a repeated
            task, an unknown key, an invalid name, or a finished model after the first phase.
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
        name = name_of(tasks) if entry.get("name") in (None, "") else entry["name"]
        if not isinstance(name, str):
            raise ValueError(f"{key}.name must be one string, got {name!r}")
        if len(os.fsencode(name)) > LONGEST:
            raise ValueError(
                f"{key}.name becomes a folder and may have {LONGEST} bytes, got {name!r}"
            )
        if Path(name).name != name or "\\" in name or name == "..":
            raise ValueError(f"{key}.name becomes a folder and may hold no '/', got {name!r}")
        if not name.isprintable():
            raise ValueError(
                f"{key}.name becomes a folder: write one line of plain text, got {name!r}"
            )
        if STEPS.fullmatch(name):
            raise ValueError(
                f"{key}.name: {name}.pth would be the phase's model, and mmengine's checkpoint in "
                "mid-phase as well: choose another name"
            )
        checkpoint = entry.get("checkpoint")
        _check_checkpoint(f"{key}.checkpoint", checkpoint, index)
        own, changed = _overrides(key, entry)
        if idle := [name for name in TRAINING if checkpoint is not None and name in own]:
            raise ValueError(
                f"{key}.cfg.{idle[0]} has no effect: {key}.checkpoint={checkpoint!r} is a finished "
                "model, and nothing is trained; leave it out"
            )
        lasting.extend(changed)
        phases.append(
            Phase(index, tuple(tasks), tuple(seen), name, own, tuple(lasting), checkpoint)
        )
    return phases


def name_of(tasks: Sequence[str]) -> str:
    """Name of a phase that brings some tasks, unless its config gives it one.

    Returns:
        All tasks, or as many as fit into the name of a folder, and the number of the others.
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


def check_adopted(cfg: Mapping, phases: Sequence[Phase]) -> None:
    """Refuse a finished first phase whose file is gone, which only training needs.

    Raises:
        ValueError: Naming the key and the file.
    """
    file = phases[0].checkpoint
    if file is not None and "://" not in file and not Path(file).is_file() and not _goes_on(cfg):
        raise ValueError(f"phases[0].checkpoint: there is no file {file!r}")


def _check_checkpoint(key: str, checkpoint: object, index: int) -> None:
    if checkpoint is None:
        return
    if not isinstance(checkpoint, str):
        raise ValueError(f"{key} must be a file or an address, got {checkpoint!r}")
    if index > 0:
        raise ValueError(f"{key}={checkpoint!r}: only the first phase can be a finished model")


def _goes_on(cfg: Mapping) -> bool:
    """Whether a sequence is resumed whose first phase is done; its model is in the work dir."""
    if not cfg.get("resume") or not isinstance(cfg.get("work_dir"), str):
        return False
    try:
        return len(LifelongRecord.load(Path(cfg["work_dir"]).expanduser() / RECORD)) > 0
    except (OSError, ValueError):
        return False


def _overrides(key: str, entry: dict) -> tuple[dict, list[dict]]:
    """Split a phase's entry into overrides for this phase, and lasting changes to the model."""
    for name in ("cfg", "model"):
        if not isinstance(entry.get(name), (dict, NoneType)):
            raise ValueError(f"{key}.{name} must be a dict, got {entry[name]!r}")
    own = _nested(entry.get("cfg") or {})
    whole = [name for name in OF_SEQUENCE if name in own]
    if whole:
        raise ValueError(f"{key}.cfg.{whole[0]} has no effect in a phase: set it for the sequence")
    if not isinstance(own.get("model"), (dict, NoneType)):
        raise ValueError(f"{key}.cfg.model must be a dict, got {own['model']!r}")
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
    """A phase's overrides, with dotted keys such as ``'model.backbone.depth'`` nested."""
    if not any("." in str(key) for key in cfg):
        return copy.deepcopy(dict(cfg))
    nested = Config()
    nested.merge_from_dict(copy.deepcopy(dict(cfg)))
    return dict(nested.items())


def merged_config(cfg: Config, phase: Phase) -> Config:
    """A copy of the sequence's config with a phase's overrides merged in.

    Args:
        cfg: The sequence's config.
        phase: One of its phases. Lasting changes to the model are merged first, then its ``cfg``.

    Raises:
        ValueError: Naming the entry of the phase that does not fit that of the sequence.
    """
    merged = copy.deepcopy(cfg)
    for model in phase.architecture:
        _merge(merged, dict(model=model), f"phases[{phase.index}].model")
    _merge(merged, phase.cfg, f"phases[{phase.index}].cfg")
    _change_loop(merged.get("train_cfg"), phase.cfg.get("train_cfg"))
    for key in ("phases", "runner_type"):
        merged.pop(key, None)
    return merged


def _merge(cfg: Config, own: Mapping, place: str) -> None:
    """Merge overrides into a config; each key on its own, so that an error names it."""
    for key, value in own.items():
        try:
            cfg.merge_from_dict({key: copy.deepcopy(value)})
        except Exception as error:  # mmengine asserts, or fails on another type
            raise ValueError(
                f"{place}.{key} cannot be merged into the config of the sequence: "
                f"{explained_error(error)}"
            ) from error


def _change_loop(train: Any, own: Any) -> None:
    """Change the sequence's loop if the phase gives a length in the other unit."""
    if not isinstance(train, dict) or not isinstance(own, Mapping) or "_delete_" in own:
        return
    for here, there in (("max_iters", "max_epochs"), ("max_epochs", "max_iters")):
        if here in own and there in train and there not in own:
            del train[there]
            if "type" not in train and "by_epoch" not in own:
                train["by_epoch"] = here == "max_epochs"
            elif "type" not in own and type_name(train) == LOOPS[there]:  # none of the user's
                train["type"] = LOOPS[here]


def learning_model(cfg: Mapping) -> dict:
    """The config of the trained model, which another model may wrap for testing."""
    model: Any = cfg.get("model")
    while isinstance(model, dict) and isinstance(model.get("module"), dict):
        model = model["module"]
    return model
