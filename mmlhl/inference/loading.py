"""Loading a model for prediction from a checkpoint."""

from __future__ import annotations

import copy
import logging
import os
import os.path as osp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader

from ..checkpoints import (
    StoredConfigError,
    folder_of_models,
    stored_config,
    stored_tasks,
    weights_of,
)
from ..checkpoints.named_files import named_file
from ..checkpoints.trust import FLAG, checkpoints_are_trusted
from ..config_files import read_config
from ..config_values import as_list
from ..engine.training_facts import foreign_training, other_model
from ..models.segmentors import LifelongSegmentor
from ..models.teachers import freeze, load_exactly, model_config
from ..registered import type_name
from ..spelling import hint
from .devices import check_device
from .own_modules import build_model, import_trusted
from .unfinished import say_unfinished

CONFIG_ENDINGS = (".py", ".json", ".yaml", ".yml")


@dataclass(frozen=True)
class LoadedModel:
    """The parts of a checkpoint that prediction and export need.

    Args:
        model: The frozen model, in evaluation mode, with the chosen tasks only.
        cfg: The config that it was trained with.
        dataset_meta: Names and colours of classes of its dataset.
        checkpoint: The file.
        known_tasks: All tasks of the file.
    """

    model: LifelongSegmentor
    cfg: Config | ConfigDict
    dataset_meta: dict[str, Any]
    checkpoint: str
    known_tasks: tuple[str, ...] = ()


def load_model(
    checkpoint: str,
    config: str | Config | ConfigDict | None = None,
    tasks: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """Build the model of a checkpoint and load its weights, all of which must match.

    A checkpoint from the middle of a phase is named in the log.

    Args:
        checkpoint: File of a phase's model, or a published one.
        config: Config of the checkpoint, if the file does not contain it. If it does, options of
            encoder and heads that differ are logged.
        tasks: Tasks to predict; None for all tasks of the checkpoint.
        device: Device of the model; see :func:`check_device`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the checkpoint contains no config and none is given, is not of a
            LifelongSegmentor, lacks a task, does not fit its config, was trained with another
            normalisation or channel order than the config's, or uses classes that are not
            registered.
    """
    place = check_device(device)
    init_default_scope("mmseg")
    if "://" not in checkpoint and not osp.isfile(checkpoint):
        missing = f"{checkpoint}: no such file, needed as checkpoint"
        raise FileNotFoundError(folder_of_models(checkpoint) or missing)
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location="cpu")
    if config is None:
        import_trusted(loaded, checkpoint)
        cfg = checkpoint_config(loaded, checkpoint)
    else:
        cfg = _given_config(config)
    say_unfinished(loaded, cfg, checkpoint)
    named = f"the config {config}" if isinstance(config, str) else "the given config"
    source = f"the config in {checkpoint}" if config is None else named
    described = without_pretrained(model_config(cfg, source))
    if config is None:
        _refuse_named_files(described, checkpoint)
    state = weights_of(loaded)
    known = _known_tasks(described, state, checkpoint)
    chosen = _chosen_tasks(tasks, known, checkpoint)
    # one by one: update() of a ConfigDict would merge the options of the old method into Naive
    for key, value in dict(tasks=chosen, new_tasks=[], method=dict(type="Naive")).items():
        described[key] = value
    model = build_model(described, loaded, checkpoint)
    load_exactly(model, state, f"the checkpoint {checkpoint} does not fit its config")
    if config is not None:
        _compare(cfg, model, loaded, f"the checkpoint {checkpoint}")
    model = cast(LifelongSegmentor, freeze(revert_sync_batchnorm(model)).to(place))
    given = (loaded.get("meta") or {}).get("dataset_meta") or {}
    meta = {k: v for k, v in given.items() if not (k.endswith("palette") and isinstance(v, str))}
    return LoadedModel(model, cfg, meta, checkpoint, tuple(known))


def _compare(
    cfg: Config | ConfigDict, model: torch.nn.Module, checkpoint: Mapping[str, Any], source: str
) -> None:
    """Compare a given config with what the checkpoint says, as a test does."""
    different = foreign_training(model, checkpoint, source, {}, cfg)
    if different:
        raise ValueError(different)
    others = other_model(cfg, checkpoint, source)
    if others:
        print_log(others, "current", logging.WARNING)


def checkpoint_and_config(
    model: str | os.PathLike | dict | Config | ConfigDict | None,
    weights: str | os.PathLike | None = None,
) -> tuple[str, str | Config | ConfigDict | None]:
    """Find out which of two arguments is the checkpoint and which the config.

    Args:
        model: A checkpoint; or a config, with the checkpoint in ``weights``.
        weights: The checkpoint, if ``model`` is a config or None.

    Returns:
        The checkpoint, and the config, None if the checkpoint has to contain it.

    Raises:
        ValueError: If there is no checkpoint.
    """
    if isinstance(model, os.PathLike):
        model = os.fspath(model)
    if weights is None and isinstance(model, str) and not model.endswith(CONFIG_ENDINGS):
        model, weights = None, model
    if weights is None:
        raise ValueError("LifelongInferencer needs a checkpoint, as its first argument")
    return os.fspath(weights), ConfigDict(model) if isinstance(model, dict) else model


def checkpoint_config(checkpoint: Mapping[str, Any], name: str) -> Config:
    """The config in a checkpoint, read as data without running it.

    Raises:
        ValueError: If there is none, or it is not plain data or has no model.
    """
    stored = stored_config(checkpoint, name)
    if stored is None:
        raise ValueError(
            f"{name} does not say which config it is of (no meta.cfg); give the config as well"
        )
    if not stored.get("model") or not isinstance(stored["model"], dict):
        raise ValueError(f"{name}: the config in it has no model; give the config as well")
    return Config(stored)


def without_pretrained(model: dict) -> dict:
    """A copy of a model's config that downloads no weights, since the checkpoint has all of them.

    Returns:
        The copy, with no ``pretrained``, no initialisation and no weights of classes from files at
        any depth.
    """
    model = copy.deepcopy(model)
    backbone = model.get("backbone") or {}
    if backbone and type_name(backbone) == "TIMMBackbone":
        backbone["pretrained"] = False  # its default is True, which downloads weights
    _strip(model)
    return model


def _refuse_named_files(model: dict, checkpoint: str) -> None:
    """Refuse a model whose building would read files: somebody else may have named them."""
    named = None if checkpoints_are_trusted() else named_file(model)
    if named is not None:
        raise StoredConfigError(
            f"the config in {checkpoint} names a file, which was not read: model.{named}. If you "
            f"trust whoever made the checkpoint, use {FLAG}, or give the config as well"
        )


def _strip(node: object) -> None:
    if isinstance(node, (list, tuple)):
        for child in node:
            _strip(child)
    if not isinstance(node, dict):
        return
    if node.get("pretrained"):
        node["pretrained"] = False if isinstance(node["pretrained"], bool) else None
    init = node.get("init_cfg")
    for each in as_list(init):
        if isinstance(each, dict) and each.get("checkpoint"):
            node["init_cfg"] = None
    if isinstance(node.get("class_weight"), str):  # a file, and only the loss needs it
        node["class_weight"] = None
    for child in node.values():
        _strip(child)


def _given_config(config: str | Config | ConfigDict) -> Config | ConfigDict:
    if not isinstance(config, str):
        return copy.deepcopy(config)
    if not osp.isfile(config):
        raise FileNotFoundError(f"{config}: no such file, needed as config")
    return read_config(config)


def _known_tasks(described: dict, state: Mapping[str, Any], checkpoint: str) -> list[str]:
    if "heads" not in described:
        raise ValueError(
            f"{checkpoint} holds a {described.get('type')}, which has no heads by task. A plain "
            "mmseg model can be the first phase of a sequence; mmseg's MMSegInferencer predicts "
            "with it"
        )
    stored = stored_tasks(state)
    # a dumped config sorts its dicts by key, but lists keep the order of the phases
    ordered = dict.fromkeys([*(described.get("tasks") or ()), *described["heads"]])
    known = [task for task in ordered if task in described["heads"] and task in stored]
    if not known:
        raise ValueError(
            f"{checkpoint} has none of the heads that its config names: {list(described['heads'])}"
        )
    return known


def _chosen_tasks(tasks: Sequence[str] | None, known: list[str], checkpoint: str) -> list[str]:
    if tasks is None:
        return known
    if isinstance(tasks, str):
        raise ValueError(f"tasks is the string {tasks!r}; it must be a list of task names")
    if not tasks:
        raise ValueError(f"tasks is empty; {checkpoint} knows {known}")
    if len(set(tasks)) < len(tasks):
        raise ValueError(f"tasks names a task twice: {list(tasks)}")
    for task in tasks:
        if task not in known:
            near = hint(task, known)
            raise ValueError(f"tasks names {task!r}, but {checkpoint} knows only {known}{near}")
    return list(tasks)
