"""The plain mmengine config of a phase, derived from the sequence's."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper as DeviceAmpOptimWrapper
from mmseg.registry import OPTIM_WRAPPERS

from ...config_values import nodes
from ...registered import registered_class
from .checking.left_out import keys_of, lacking
from .checking.scopes import SCOPE
from .checking.set_tasks import supplied_tasks
from .datasets import multi_task_datasets
from .encoders import same_encoder
from .grammar import LOADERS, Phase, merged_config
from .grammar import RECORD as RECORD
from .moments import all_hooks, follow_moments, is_hook
from .patience import follow_patience
from .save_best import follow_tasks
from .schedules import follow_length

#: hooks of every runner of mmengine, which it leaves out if they are None
DEFAULT_HOOKS = {
    *("runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint")
}
#: compares a checkpoint's training with the config
FACTS_HOOK = "TrainingFactsHook"


def phase_config(
    cfg: Config,
    phases: Sequence[Phase],
    index: int,
    previous: str | None = None,
    resume: bool = False,
) -> Config:
    """The plain config with which mmengine's Runner trains one phase.

    Args:
        cfg: The sequence's config, with ``work_dir``.
        phases: The phases, from :func:`~mmlhl.engine.phases.parse_phases`.
        index: Index of the phase.
        previous: Checkpoint file at the end of the previous phase; None for the first phase, which
            starts from the config's ``load_from`` if there is one.
        resume: Whether to resume from the newest checkpoint in the phase's folder.
    """
    phase = phases[index]
    out = merged_config(cfg, phase)
    root = Path(cfg.work_dir)
    out.work_dir = str(root / phase.folder)
    out.default_scope = out.get("default_scope") or SCOPE  # mmengine's own has none of our classes
    out.experiment_name = f"{cfg.get('experiment_name') or root.name}_{phase.folder}"
    if out.get("visualizer") is not None:
        # visualizers are global instances by name, with the log folder of their creation, so each
        # phase of each sequence in this process needs another name
        out.visualizer["name"] = os.path.abspath(out.work_dir)
    out.resume = resume
    if resume:
        out.load_from = None
    elif previous is not None:
        out.load_from = previous

    out.model["tasks"] = list(phase.seen)
    out.model["new_tasks"] = list(phase.tasks)
    _set_tasks(out.get(LOADERS[0]), phase.tasks, _part(cfg, phases, index))
    for loader in LOADERS[1:]:
        _set_tasks(out.get(loader), phase.seen, None)
    _set_samplers(out)
    wrapper = out.get("optim_wrapper")
    if registered_class(OPTIM_WRAPPERS, wrapper) is DeviceAmpOptimWrapper:
        wrapper["type"] = "AmpOptimWrapper"  # ours, as if it were given by name
    _drop_incomplete_validation(out)
    _drop_absent_hooks(out)
    follow_length(out, cfg, phase.cfg)
    follow_moments(out, cfg, phase.cfg)
    follow_patience(out, cfg, phase.cfg)
    follow_tasks(out, phase.seen)

    hook: dict[str, Any] = dict(type="LifelongPhaseHook")
    if previous is not None:
        hook.update(_follow(out, cfg, phases, index, previous))
    add_hook(out, "FiniteHook")
    add_hook(out, "HeartbeatHook")
    result = dict(type="PhaseResultHook", name=phase.name, record=str(root / RECORD))
    out.custom_hooks = [*out.custom_hooks, ConfigDict(result), ConfigDict(hook)]
    return out


def _follow(
    out: Config, cfg: Config, phases: Sequence[Phase], index: int, previous: str
) -> dict[str, Any]:
    """Options of the hook of a phase that follows another; a new encoder starts on its own."""
    hook: dict[str, Any] = dict(teacher_checkpoint=previous)
    if out.get("pseudo_labels") is not None:
        hook["pseudo_labels"] = out.pseudo_labels
    before, now = (merged_config(cfg, phases[i]).model.to_dict() for i in (index - 1, index))
    if any(node.get("teachers") == "first" for node in nodes(now.get("method"))):
        hook["earlier"] = _earlier(cfg, phases[:index], previous, now)
    if before != now:
        hook["teacher_model"] = before
    if not out.resume and not same_encoder(before, now):
        # the old weights do not fit; old tasks are learned from the teacher only
        out.load_from = phases[index].cfg.get("load_from")
        print_log(
            f"phases[{index}] brings another encoder: it starts from "
            f"{out.load_from or 'its own initialisation'}",
            "current",
        )
    return hook


def _earlier(cfg: Config, phases: Sequence[Phase], previous: str, now: dict) -> list[dict]:
    """The model of each earlier phase, and the tasks that it learned."""
    found = []
    for phase in phases:
        file = str(Path(cfg.work_dir, phase.folder, f"{phase.name}.pth"))
        checkpoint = previous if phase is phases[-1] else file
        entry = dict(checkpoint=checkpoint, tasks=list(phase.tasks))
        own = merged_config(cfg, phase).model.to_dict()
        found.append(entry if own == now else dict(entry, model=own))
    return found


def add_hook(cfg: Config, name: str) -> None:
    """Add a hook with its default options, unless the config has one of that class."""
    hooks = list(cfg.get("custom_hooks") or [])
    if not any(is_hook(hook, name) for _, hook in all_hooks(cfg)):
        hooks.append(ConfigDict(type=name))
    cfg.custom_hooks = hooks


def testing_config(cfg: Config) -> Config:
    """A copy of a config for a plain runner that only tests."""
    cfg = copy.deepcopy(cfg)
    cfg.resume = False  # of training; mmengine would resume that in a test, too
    for key in ("phases", "runner_type"):
        cfg.pop(key, None)
    for kind in ("train", "val"):
        for key in ("dataloader", "cfg", "evaluator"):
            cfg[f"{kind}_{key}"] = None
    for key in ("optim_wrapper", "param_scheduler", "auto_scale_lr"):
        cfg[key] = None
    _set_samplers(cfg)
    _drop_absent_hooks(cfg)
    add_hook(cfg, FACTS_HOOK)
    return cfg


def _part(cfg: Config, phases: Sequence[Phase], index: int) -> tuple[int, int] | None:
    """Index and number of the training set's parts for a phase; None for the whole set."""
    trained = [phase.index for phase in phases if phase.checkpoint is None]
    if not cfg.get("disjoint_phases", True) or index not in trained:
        return None
    return trained.index(index), len(trained)


def _set_tasks(loader: dict | None, tasks: Sequence[str], part: tuple[int, int] | None) -> None:
    if loader is None:
        return
    for dataset in multi_task_datasets(loader["dataset"]):
        supplied = supplied_tasks(dataset)
        dataset["tasks"] = [task for task in tasks if task in supplied]
        # a `part` in the phase's own cfg takes precedence
        if part is not None and "part" not in dataset:
            dataset["part"] = list(part)


def _set_samplers(cfg: Config) -> None:
    """Give loaders without a sampler the one that reads in their order, as mmengine does.

    Unlike torch's, it divides the images among processes and can be resumed.
    """
    for key in LOADERS:
        loader = cfg.get(key)
        if isinstance(loader, dict) and not {"sampler", "batch_sampler"} & set(loader):
            loader["sampler"] = ConfigDict(type="DefaultSampler", shuffle=False)
            if key == LOADERS[0]:
                print_log(
                    f"{key} has no sampler, so its images are not shuffled: "
                    "sampler=dict(type='DefaultSampler', shuffle=True) shuffles them",
                    "current",
                    logging.WARNING,
                )


def _drop_absent_hooks(cfg: Config) -> None:
    """Drop hooks that are None and that mmengine does not have by default: it would fail."""
    given = cfg.get("default_hooks")
    for name in list(given or ()):
        if given[name] is None and name not in DEFAULT_HOOKS:
            del given[name]


def _drop_incomplete_validation(cfg: Config) -> None:
    """Drop incomplete settings: mmengine needs all of loader, loop and evaluator, or none."""
    for kind in ("val", "test"):
        if lacking(cfg, kind):
            for key in keys_of(kind):
                cfg[key] = None
