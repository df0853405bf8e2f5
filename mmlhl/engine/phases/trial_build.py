"""What a phase's config builds, tried before phase one: model, optimiser, hooks, visualizer."""

from __future__ import annotations

import copy
import os.path as osp
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import EMAHook
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmseg.registry import HOOKS, MODELS, VISUALIZERS

from ...checkpoints import CheckpointError, read_checkpoint
from ...config_values import nodes
from ...explaining import explained_error
from ...instances import forget_instance
from ...registered import type_name
from .optimisation import check_several
from .phase_model import PhaseModel

#: how parts of mmseg's and mmpretrain's models say that options do not fit
_OF_OPTIONS = (AssertionError, AttributeError, IndexError, KeyError, TypeError)


def named(place: str, function: Any, *args: Any) -> Any:
    """Call a function; whatever it has against its input names the place.

    Args:
        place: What messages begin with.
        function: The function to call.
        *args: Its arguments.

    Returns:
        What it returns.

    Raises:
        ValueError: With the message of whatever it raises, except for errors of files.
    """
    try:
        return function(*args)
    except (OSError, CheckpointError):
        raise
    except Exception as error:
        text = explained_error(error)
        raise ValueError(text if text.startswith(place) else f"{place}: {text}") from error


def build_model(cfg: Config) -> Any:
    """The model of a phase, on the device that it is going to be trained on."""
    config = copy.deepcopy(cfg.model)
    if cfg.get("data_preprocessor") is not None:  # as mmengine's runner does
        config.setdefault("data_preprocessor", copy.deepcopy(cfg.data_preprocessor))
    try:
        model = MODELS.build(copy.deepcopy(config)).train()  # some freeze stages only then
    except _OF_OPTIONS as error:
        _name_part(config, error)
        raise
    return revert_sync_batchnorm(model).to(get_device())


def _name_part(model: Mapping, error: Exception) -> None:
    """Raise what a part of the encoder has against its options, naming the part."""
    for key in ("backbone", "neck"):
        part = model.get(key)
        if not isinstance(part, Mapping):
            continue
        try:
            MODELS.build(copy.deepcopy(dict(part))).train()
        except _OF_OPTIONS as reason:
            _check_frozen(part, f"model.{key}", error)
            raise ValueError(
                f"model.{key} ({type_name(part)}): {explained_error(reason)}"
            ) from error


def _check_frozen(part: Mapping, place: str, error: Exception) -> None:
    """Backbones look for the stages that they freeze, also for more than they have."""
    frozen = part.get("frozen_stages")
    if not isinstance(frozen, int) or frozen < 1:
        return
    for stages in range(min(frozen, 9) - 1, -2, -1):
        try:
            MODELS.build({**copy.deepcopy(dict(part)), "frozen_stages": stages}).train()
        except _OF_OPTIONS:
            continue
        raise ValueError(
            f"{place}.frozen_stages is {frozen}, but {type_name(part)} has {max(stages, 0)} "
            f"stages to freeze: write at most {stages}"
        ) from error


def build_optimiser(cfg: Config, model: PhaseModel) -> Any:
    """Build the optimiser, or several, which check their own options.

    Args:
        cfg: The phase's config.
        model: The phase's model.

    Returns:
        mmengine's wrapper, or several of them.
    """
    built = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    if isinstance(built, OptimWrapperDict):
        check_several(model, built.keys())
    return built


def build_hook(config: dict) -> None:
    """Build a hook, and what averages weights with the options that it has for that."""
    options = {key: value for key, value in copy.deepcopy(config).items() if key != "priority"}
    built = HOOKS.build(options)
    if isinstance(built, EMAHook):
        MODELS.build(built.ema_cfg, default_args=dict(model=torch.nn.Linear(1, 1)))


def build_visualizer(cfg: Config) -> None:
    """Build a phase's own visualizer, which is known by its name as long as it is needed."""
    config = dict(copy.deepcopy(cfg.visualizer), name="dry run of a visualizer")
    config.setdefault("save_dir", cfg.work_dir)
    built = VISUALIZERS.build(config)
    forget_instance(built)


def starts_from_files(cfg: Config) -> bool:
    """Whether parts of a model take weights from files, which may not fit or not be reached."""
    return any(True for _ in _pretrained(cfg))


def check_files(cfg: Config, where: str) -> None:
    """Weights that a phase starts from have to be there.

    Args:
        cfg: The phase's config.
        where: How messages begin.

    Raises:
        FileNotFoundError: Naming the key and the file.
        CheckpointError: If the file is no checkpoint.
    """
    for key, path in [("load_from", cfg.get("load_from")), *_pretrained(cfg)]:
        if isinstance(path, str) and "://" not in path:
            if not osp.isfile(path):
                raise FileNotFoundError(f"{where}: {key}: there is no file {path!r}")
            try:
                read_checkpoint(path)  # whole, and nothing in it but data
            except CheckpointError as error:
                raise type(error)(f"{where}: {key}: {error}") from error


def _pretrained(cfg: Config) -> Iterator[tuple[str, str | None]]:
    """The files that a model's initialisation reads, with the key that names each."""
    for node in nodes(cfg.model.to_dict()):
        if isinstance(node.get("pretrained"), str):
            yield "pretrained", node["pretrained"]
        init = node.get("init_cfg")
        for each in init if isinstance(init, (list, tuple)) else [init]:
            if isinstance(each, Mapping) and type_name(each) in ("Pretrained", "PretrainedInit"):
                yield "init_cfg.checkpoint", each.get("checkpoint")
