"""From one config with ``phases`` to one plain mmengine config a phase.

Pure functions on configs: everything that can be wrong in a sequence is found here, before
anything is built.
"""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmseg.registry import DATASETS, MODELS

from ..datasets import MultiTaskDataset
from ..models.methods import BaseMethod
from .encoders import same_encoder

PHASE_KEYS = {"tasks", "name", "cfg", "checkpoint"}
#: parts of the model that stay as a phase has changed them
ARCHITECTURE = ("backbone", "neck", "heads", "data_preprocessor")
LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


@dataclass(frozen=True)
class Phase:
    """One phase of a sequence.

    Attributes:
        index: place in the sequence, from 0.
        tasks: the tasks it brings.
        seen: these and all earlier ones, in order of appearance.
        name: what the record and the folder call it.
        cfg: what it overrides in the sequence's config.
        architecture: what earlier phases have changed in the model for good.
        checkpoint: weights of a plain mmseg segmentor that make up this phase; nothing is
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


def parse_phases(cfg: Config) -> list[Phase]:
    """The phases of a config, checked against its model and datasets.

    Raises:
        ValueError: naming the key and the value: no phases, a phase without tasks, a task
            twice or without a head, an unknown method, a dataset that cannot supply a task.
    """
    given = cfg.get("phases")
    if not isinstance(given, (list, tuple)) or not given:
        raise ValueError(
            "phases must be a list such as [dict(tasks=['seg']), dict(tasks=['depth'])], "
            f"got {given!r}"
        )
    phases: list[Phase] = []
    seen: list[str] = []
    architecture: list[dict] = []
    for index, entry in enumerate(given):
        key = f"phases[{index}]"
        if not isinstance(entry, dict) or not entry.get("tasks"):
            raise ValueError(f"{key} must be dict(tasks=[...], cfg=dict(...)), got {entry!r}")
        unknown = set(entry) - PHASE_KEYS
        if unknown:
            raise ValueError(
                f"{key} has unknown keys {sorted(unknown)}; known are {sorted(PHASE_KEYS)}, and "
                "whatever the phase overrides goes into cfg=dict(...)"
            )
        tasks = entry["tasks"]
        if isinstance(tasks, str):
            raise ValueError(f"{key}.tasks must be a list, got {tasks!r}; write [{tasks!r}]")
        for task in tasks:
            if not str(task).isidentifier():
                raise ValueError(
                    f"{key}.tasks: {task!r} names modules, figures and folders; letters, digits "
                    "and '_' make a task's name"
                )
            if task in seen:
                raise ValueError(f"{key}.tasks: {task!r} comes twice in the sequence")
            seen.append(task)
        name = entry.get("name") or "_".join(tasks)
        if Path(name).name != name:
            raise ValueError(f"{key}.name becomes a folder and may hold no '/', got {name!r}")
        checkpoint = entry.get("checkpoint")
        if checkpoint is not None and (index > 0 or len(tasks) > 1):
            raise ValueError(
                f"{key}.checkpoint={checkpoint!r}: only the first phase, and only with one task, "
                "can be a finished mmseg model"
            )
        if checkpoint is not None and "://" not in checkpoint and not Path(checkpoint).is_file():
            raise ValueError(f"{key}.checkpoint: there is no file {checkpoint!r}")
        own = _nested(entry.get("cfg") or {})
        phases.append(
            Phase(index, tuple(tasks), tuple(seen), name, own, tuple(architecture), checkpoint)
        )
        changed = {k: v for k, v in own.get("model", {}).items() if k in ARCHITECTURE}
        if changed:
            architecture.append(changed)
    for phase in phases:
        merged = merged_config(cfg, phase)
        _check_phase(merged, phase)
        method = method_class(merged.model.get("method", dict(type="Naive")))
        if phase.index and method.needs_same_encoder:
            _check_encoder(merged_config(cfg, phases[phase.index - 1]), merged, phase)
    return phases


def _nested(cfg: dict) -> dict:
    """A phase's overrides, with keys such as ``'model.backbone.depth'`` taken apart."""
    if not any("." in key for key in cfg):
        return copy.deepcopy(dict(cfg))
    nested = Config()
    nested.merge_from_dict(copy.deepcopy(dict(cfg)))
    return dict(nested.items())


def _check_encoder(before: Config, now: Config, phase: Phase) -> None:
    if not same_encoder(before.model, now.model):
        raise ValueError(
            f"phases[{phase.index}] brings another encoder, but the method "
            f"{method_class(now.model.method).__name__} keeps old tasks weight by weight: keep "
            "model.backbone and model.neck, or take a method that distils (HAD, LwF)"
        )


def _check_phase(cfg: Config, phase: Phase) -> None:
    key = f"phases[{phase.index}]"
    heads = cfg.model.get("heads") or {}
    for task in phase.seen:
        if task not in heads:
            raise ValueError(
                f"{key}.tasks: no head is configured for task {task!r}; model.heads has "
                f"{list(heads)}"
            )
    check_method(cfg.model.get("method", dict(type="Naive")))
    for loader, wanted in zip(LOADERS, (phase.tasks, phase.seen, phase.seen), strict=True):
        if cfg.get(loader) is None:
            continue
        for dataset in multi_task_datasets(cfg[loader]["dataset"]):
            offered = offered_tasks(dataset)
            for task in wanted:
                if task not in offered:
                    raise ValueError(
                        f"{key}.tasks: {loader}.dataset ({dataset['type']}) has no annotation "
                        f"for task {task!r}; it offers {list(offered)}"
                    )


def method_class(method: dict) -> type:
    """The class that a method's config names, whatever that is."""
    name = method.get("type") if isinstance(method, dict) else method
    return MODELS.get(name) if isinstance(method, dict) and isinstance(name, str) else name


def check_method(method: dict) -> None:
    """Raise a ValueError unless ``method`` builds a registered method."""
    name = method.get("type") if isinstance(method, dict) else method
    cls = method_class(method)
    if not (isinstance(method, dict) and inspect.isclass(cls) and issubclass(cls, BaseMethod)):
        known = sorted(
            name
            for name, value in MODELS.module_dict.items()
            if inspect.isclass(value) and issubclass(value, BaseMethod)
        )
        raise ValueError(
            f"model.method: {name!r} is no method; known are {known}, as dict(type=...)"
        )
    try:
        MODELS.build(copy.deepcopy(dict(method)))
    except Exception as error:  # whatever its constructor has against an option
        raise ValueError(f"model.method={dict(method)!r}: {error}") from error


def multi_task_datasets(node: object) -> Iterator[dict]:
    """Configs of all multi-task datasets below ``node``, inside wrappers too."""
    if isinstance(node, dict):
        cls = node.get("type")
        cls = DATASETS.get(cls) if isinstance(cls, str) else cls
        if inspect.isclass(cls) and issubclass(cls, MultiTaskDataset):
            yield node
            return
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from multi_task_datasets(child)


def offered_tasks(dataset: dict) -> Sequence[str]:
    """Tasks for which the dataset of a config has annotations."""
    cls = dataset["type"]
    cls = DATASETS.get(cls) if isinstance(cls, str) else cls
    changes = dataset.get("annotations") or {}
    return [task for task in {**cls.ANNOTATIONS, **changes} if changes.get(task, True) is not None]


def merged_config(cfg: Config, phase: Phase) -> Config:
    """A copy of the sequence's config with the phase's own overrides merged in.

    A backbone, neck, head or preprocessor that an earlier phase has changed stays changed; all
    other overrides hold for their phase alone.
    """
    merged = copy.deepcopy(cfg)
    for model in phase.architecture:
        merged.merge_from_dict(dict(model=copy.deepcopy(model)))
    merged.merge_from_dict(copy.deepcopy(phase.cfg))
    for key in ("phases", "runner_type"):
        merged.pop(key, None)
    return merged


def phase_config(
    cfg: Config,
    phases: Sequence[Phase],
    index: int,
    previous: str | None = None,
    resume: bool = False,
) -> Config:
    """The plain config with which mmengine's Runner trains one phase.

    Args:
        cfg: the sequence's config, with ``work_dir``.
        phases: as :func:`parse_phases` gives them.
        index: which phase.
        previous: checkpoint file at the end of the previous phase; None in the first, which
            starts from the config's own ``load_from`` if there is one.
        resume: go on from the newest checkpoint in the phase's folder.
    """
    phase = phases[index]
    out = merged_config(cfg, phase)
    root = Path(cfg.work_dir)
    out.work_dir = str(root / phase.folder)
    out.experiment_name = f"{cfg.get('experiment_name') or root.name}_{phase.folder}"
    if out.get("visualizer") is not None:
        # a visualizer is a global instance by name, with the log folder that it was made with:
        # each phase of each sequence in this process needs one of its own
        out.visualizer["name"] = os.path.abspath(out.work_dir)
    out.resume = resume
    if resume:
        out.load_from = None
    elif previous is not None:
        out.load_from = previous

    out.model["tasks"] = list(phase.seen)
    out.model["new_tasks"] = list(phase.tasks)
    trained = [each.index for each in phases if each.checkpoint is None]
    part = None
    if cfg.get("disjoint_phases", True) and index in trained:
        part = (trained.index(index), len(trained))
    _set_tasks(out.get("train_dataloader"), phase.tasks, part)
    for loader in LOADERS[1:]:
        _set_tasks(out.get(loader), phase.seen, None)
    _drop_incomplete_validation(out)
    _follow_schedule(out, _schedule_length(cfg))
    _check_save_best(out, phase)

    hook = dict(type="LifelongPhaseHook", name=phase.name, record=str(root / "lifelong.json"))
    if previous is not None:
        hook["teacher_checkpoint"] = previous
        before = merged_config(cfg, phases[index - 1]).model.to_dict()
        now = merged_config(cfg, phase).model.to_dict()
        if before != now:
            hook["teacher_model"] = before
        if not resume and not same_encoder(before, now):
            # nothing of the old one fits, all old tasks come from the teacher
            out.load_from = phase.cfg.get("load_from")
            print_log(
                f"phases[{index}] brings another encoder: it starts from "
                f"{out.load_from or 'its own initialisation'}",
                "current",
            )
    out.custom_hooks = [*(out.get("custom_hooks") or []), ConfigDict(hook)]
    return out


def _set_tasks(loader: dict | None, tasks: Sequence[str], part: tuple | None) -> None:
    if loader is None:
        return
    for dataset in multi_task_datasets(loader["dataset"]):
        dataset["tasks"] = list(tasks)
        # a phase with images of its own (`part` written in its cfg) keeps them
        if part is not None and "part" not in dataset:
            dataset["part"] = list(part)


def _drop_incomplete_validation(cfg: Config) -> None:
    """mmengine wants all of loader, loop and evaluator, or none of them."""
    for kind in ("val", "test"):
        keys = [f"{kind}_dataloader", f"{kind}_cfg", f"{kind}_evaluator"]
        if any(cfg.get(key) is None for key in keys):
            for key in keys:
                cfg[key] = None


def _schedule_length(cfg: Config) -> tuple[int | None, int | None]:
    train = cfg.get("train_cfg") or {}
    return train.get("max_epochs"), train.get("max_iters")


def _follow_schedule(cfg: Config, base: tuple[int | None, int | None]) -> None:
    """A learning-rate schedule that ended with the sequence's length ends with the phase's."""
    schedulers = cfg.get("param_scheduler")
    if not schedulers:
        return
    for before, now in zip(base, _schedule_length(cfg), strict=True):
        if before is None or now is None or before == now:
            continue
        for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
            for key in ("end", "T_max"):
                if scheduler.get(key) == before:
                    scheduler[key] = now


def _check_save_best(cfg: Config, phase: Phase) -> None:
    """Drop ``save_best`` while the task that it names is not learned, or nothing validates."""
    checkpoint = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    best = checkpoint.get("save_best")
    names = [best] if isinstance(best, str) else list(best or [])
    known = [n for n in names if n == "auto" or n.split("/")[0] in phase.seen]
    if best is not None and (cfg.get("val_cfg") is None or len(known) < len(names)):
        checkpoint["save_best"] = known if known and cfg.get("val_cfg") is not None else None
