"""A model for prediction, from a checkpoint alone."""

from __future__ import annotations

import copy
import os
import os.path as osp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader

from ..checkpoints import folder_of_models, stored_config, stored_tasks, weights_of
from ..config_files import read_config
from ..models.segmentors import LifelongSegmentor
from ..models.teachers import freeze, load_exactly, model_config
from ..spelling import hint
from .devices import check_device
from .own_modules import build_model, import_trusted

CONFIG_ENDINGS = (".py", ".json", ".yaml", ".yml")


@dataclass(frozen=True)
class LoadedModel:
    """What prediction and export need of a checkpoint.

    Args:
        model: The frozen model, in evaluation mode, with the chosen tasks alone.
        cfg: The config that it was trained with.
        dataset_meta: Names and colours of classes, as the dataset gave them.
        checkpoint: The file.
    """

    model: LifelongSegmentor
    cfg: Config | ConfigDict
    dataset_meta: dict[str, Any]
    checkpoint: str


def load_model(
    checkpoint: str,
    config: str | Config | ConfigDict | None = None,
    tasks: Sequence[str] | None = None,
    device: str | torch.device | None = None,
) -> LoadedModel:
    """Build the model that a checkpoint is of and load its weights, all of them or none.

    Args:
        checkpoint: File of a phase's model, or a published one.
        config: Config that the checkpoint is of, for one that does not carry its own.
        tasks: Tasks to predict; all that the checkpoint knows when None.
        device: Where the model lives; see :func:`check_device`.

    Returns:
        The model and what belongs to it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the checkpoint carries no config and none is given, is not of a
            LifelongSegmentor, does not know a task, does not fit its config, or has classes that
            nothing has registered.
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
    described = without_pretrained(model_config(cfg))
    state = weights_of(loaded)
    known = _known_tasks(described, state, checkpoint)
    chosen = _chosen_tasks(tasks, known, checkpoint)
    # one by one: update() of a ConfigDict merges, and Naive has none of the other method's options
    for key, value in dict(tasks=chosen, new_tasks=[], method=dict(type="Naive")).items():
        described[key] = value
    model = build_model(described, loaded, checkpoint)
    load_exactly(model, state, f"the checkpoint {checkpoint} does not fit its config")
    model = cast(LifelongSegmentor, freeze(revert_sync_batchnorm(model)).to(place))
    meta = dict((loaded.get("meta") or {}).get("dataset_meta") or {})
    return LoadedModel(model, cfg, meta, checkpoint)


def checkpoint_and_config(
    model: str | os.PathLike | dict | Config | ConfigDict | None,
    weights: str | os.PathLike | None = None,
) -> tuple[str, str | Config | ConfigDict | None]:
    """Which of two arguments is the checkpoint, and which the config.

    Args:
        model: A checkpoint; or a config, with the checkpoint in ``weights``.
        weights: The checkpoint, if ``model`` is a config or None.

    Returns:
        The checkpoint, and the config, None if the checkpoint is to carry it.

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
    """The config that a checkpoint carries, read as data: nothing in it is run.

    Args:
        checkpoint: As loaded.
        name: Its file, for messages.

    Returns:
        The config.

    Raises:
        ValueError: If it carries none, or one that is not plain data or has no model.
    """
    stored = stored_config(checkpoint, name)
    if stored is None:
        raise ValueError(
            f"{name} does not say which config it is of (no meta.cfg); give the config as well"
        )
    if not isinstance(stored.get("model"), dict):
        raise ValueError(f"{name}: the config in it has no model; give the config as well")
    return Config(stored)


def without_pretrained(model: dict) -> dict:
    """A copy of a model's config that downloads nothing: the checkpoint has all weights.

    Args:
        model: Config of a model.

    Returns:
        The copy, with no ``pretrained`` and no initialisation from files at any depth.
    """
    model = copy.deepcopy(model)
    backbone = model.get("backbone") or {}
    if str(backbone.get("type", "")).endswith("TIMMBackbone"):
        backbone["pretrained"] = False  # True, and with it a download, unless it is said
    _strip(model)
    return model


def _strip(node: object) -> None:
    if isinstance(node, (list, tuple)):
        for child in node:
            _strip(child)
    if not isinstance(node, dict):
        return
    if node.get("pretrained"):
        node["pretrained"] = False if isinstance(node["pretrained"], bool) else None
    init = node.get("init_cfg")
    if isinstance(init, dict) and init.get("checkpoint"):
        node["init_cfg"] = None
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
            f"{checkpoint} is of a {described.get('type')}, which has no heads by task; mmseg's "
            "MMSegInferencer predicts with it"
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
