"""Trial builds before phase one: model, optimiser, hooks and visualizer of a phase."""

from __future__ import annotations

import copy
import importlib.util
import os.path as osp
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.fileio import get_file_backend
from mmengine.hooks import EMAHook
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.visualization import Visualizer
from mmseg.registry import HOOKS, MODELS, VISUALIZERS

from ....checkpoints import CheckpointError, read_anywhere
from ....config_values import as_list, nodes
from ....draws import undisturbed
from ....evaluation.directions import DIRECTIONS
from ....explaining import explained_error
from ....faulty_option import faulty_option, option_named
from ....instances import forget_instance
from ....refusals import is_refusal
from ....registered import registered_class, type_name
from ....spelling import hint
from ..checking.keys import STOCK
from ..moments import hooks
from ..optimisation import check_several
from ..phase_model import PhaseModel

#: initialisers of mmengine that take their weights from a file
FROM_FILES = ("Pretrained", "PretrainedInit")
#: decode heads of mmseg that are empty without that package
_OF_MMDET = ("MaskFormerHead", "Mask2FormerHead")
#: mmengine's text, with the name of the value
_UNKNOWN_RULE = re.compile(r"Cannot infer the rule for (?:key )?(.+?), thus")
#: exceptions by which mmseg's and mmpretrain's models refuse options
_OF_OPTIONS = (
    *(AssertionError, AttributeError, IndexError, KeyError, TypeError),
    *(RuntimeError, ValueError, ZeroDivisionError),
)


def named(place: str, function: Any, *args: Any) -> Any:
    """Call a function, and add the place to the message of its errors.

    Raises:
        ValueError: For any exception of the function except errors of files.
    """
    try:
        return function(*args)
    except (OSError, CheckpointError):
        raise
    except Exception as error:
        text = explained_error(error)
        raise ValueError(text if text.startswith(place) else f"{place}: {text}") from error


def model_options(cfg: Config) -> Any:
    """The config of the model, with its preprocessor, as mmengine's runner builds it."""
    config = copy.deepcopy(cfg.model)
    if cfg.get("data_preprocessor") is not None:
        config.setdefault("data_preprocessor", copy.deepcopy(cfg.data_preprocessor))
    return config


def build_model(cfg: Config) -> Any:
    """Build the model of a phase on the device of the training."""
    config = model_options(cfg)
    if config.get("data_preprocessor") is None:
        raise ValueError(
            "model.data_preprocessor is missing; write dict(type='MultiTaskDataPreProcessor', "
            "mean=..., std=..., bgr_to_rgb=True)"
        )
    try:
        model = MODELS.build(copy.deepcopy(config)).train()  # some backbones freeze in train()
    except _OF_OPTIONS as error:
        _name_part(config, error)
        raise
    return revert_sync_batchnorm(model).to(get_device())


@contextmanager
def naming_model(cfg: Config) -> Iterator[None]:
    """Name the part of a model, or the hook, that cannot be built if a runner fails inside.

    Raises:
        ValueError: Naming the part.
    """
    try:
        yield
    except _OF_OPTIONS as error:
        if not is_refusal(error) and isinstance(cfg.get("model"), Mapping):
            with undisturbed():
                _name_part(cfg.model, error)
                if unruled := try_hooks(cfg, ""):
                    raise unruled[0] from error
        raise


def _name_part(model: Mapping, error: Exception, place: str = "model") -> None:
    """If a part of the model cannot be built on its own, raise an error that names it."""
    if isinstance(model.get("student"), Mapping):
        _name_part(model["student"], error, f"{place}.student")
    for key in ("backbone", "neck", "decode_head", "auxiliary_head", "data_preprocessor"):
        for part in as_list(model.get(key)):
            if not isinstance(part, Mapping):
                continue
            try:
                _build_part(part)
            except _OF_OPTIONS as reason:
                _check_frozen(part, f"{place}.{key}", error)
                text = option_named(_build_part, part, reason)
                if type_name(part) in _OF_MMDET and importlib.util.find_spec("mmdet") is None:
                    text = "it needs the package mmdet, which is not installed: pip install mmdet"
                raise ValueError(f"{place}.{key} ({type_name(part)}): {text}") from error


def _build_part(part: Mapping) -> None:
    MODELS.build(copy.deepcopy(dict(part))).train()


def _check_frozen(part: Mapping, place: str, error: Exception) -> None:
    """Raise an error if ``frozen_stages`` exceeds the backbone's number of stages."""
    frozen = part.get("frozen_stages")
    if not isinstance(frozen, int) or frozen < 1:
        return
    for stages in range(min(frozen, 9) - 1, -2, -1):
        try:
            _build_part({**part, "frozen_stages": stages})
        except _OF_OPTIONS:
            continue
        raise ValueError(
            f"{place}.frozen_stages is {frozen}, but {type_name(part)} has {max(stages, 0)} "
            f"stages to freeze: write at most {stages}"
        ) from error


def build_optimiser(cfg: Config, model: PhaseModel) -> Any:
    """Build the optimiser, or several, which check their options themselves."""
    try:
        built = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    except NotImplementedError as error:  # of mmseg's constructors for layer decay, without a text
        raise ValueError(
            f"{type_name(cfg.optim_wrapper.get('constructor'))} knows no layers of "
            f"{type_name(cfg.model.get('backbone'))}: take it with a backbone that it was written "
            "for, or leave it out"
        ) from error
    except _OF_OPTIONS as error:
        raise ValueError(_optimiser_named(cfg.optim_wrapper, model, error)) from error
    if isinstance(built, OptimWrapperDict):
        check_several(model, built.keys())
    return built


def _optimiser_named(wrapper: Mapping, model: PhaseModel, error: Exception) -> str:
    """An error's text, and the option of the wrapper or of its optimiser that is at fault."""

    def build(config: dict, optimizer: dict | None = None) -> None:
        changed = {**config, "optimizer": optimizer} if optimizer else config
        build_optim_wrapper(model, copy.deepcopy(changed))

    own, optimizer = dict(wrapper), wrapper.get("optimizer")
    if faulty_option(build, own) not in (None, "optimizer"):
        return option_named(build, own, error)
    if not isinstance(optimizer, Mapping):
        return explained_error(error)
    return option_named(lambda options: build(own, options), dict(optimizer), error)


class RuleUnknownError(ValueError):
    """Whether more or less of a value that a hook follows is better is unknown."""


def try_hooks(
    cfg: Config, where: str, model: Any = None, own: bool = True
) -> list[RuleUnknownError]:
    """Build the hooks of a config; the user's own, which may open a file, only if ``own``.

    Returns:
        Errors of hooks that follow a value of unknown direction. If no validation gives the value,
        that is to be said instead.

    Raises:
        ValueError: Naming the hook that cannot be built.
    """
    if not Visualizer._instance_dict:  # hooks get the current visualizer
        Visualizer.get_instance("dry run")
    unknown = []
    for place, hook in hooks(cfg):
        cls = registered_class(HOOKS, hook)
        if not own and cls is not None and cls.__module__.split(".")[0] not in STOCK:
            continue
        try:
            named(f"{where}{place}", build_hook, hook, model)
        except ValueError as error:
            found = _UNKNOWN_RULE.search(str(error))
            if found is None:
                raise
            name = found.group(1)
            near = hint(name.rpartition("/")[2], DIRECTIONS) or "."
            unknown.append(
                RuleUnknownError(
                    f"{where}{place} follows {name!r}, but whether more or less of it is better is "
                    f"unknown{near} For a metric of your own add rule='greater' or rule='less'"
                )
            )
    return unknown


def build_hook(config: dict, model: Any = None) -> None:
    """Build a hook, and the averaged model of an ``EMAHook``."""
    options = {key: value for key, value in copy.deepcopy(config).items() if key != "priority"}
    try:
        built = _build_hook(options)
    except Exception as error:  # a constructor may raise anything
        raise ValueError(option_named(_build_hook, options, error)) from error
    check = getattr(built, "check_model", None)
    if check is not None and model is not None:
        check(model)


def _build_hook(options: dict) -> Any:
    built = HOOKS.build(copy.deepcopy(options))
    if isinstance(built, EMAHook):
        MODELS.build(built.ema_cfg, default_args=dict(model=torch.nn.Linear(1, 1)))
    if isinstance(options.get("backend_args"), Mapping):  # used once the phase has begun
        folder = options.get("out_dir") or "."
        get_file_backend(folder, backend_args=dict(options["backend_args"]))
    return built


def build_visualizer(cfg: Config) -> None:
    """Build a phase's visualizer, and remove it from mmengine's named instances."""
    config = dict(copy.deepcopy(cfg.visualizer), name="dry run of a visualizer")
    config.setdefault("save_dir", cfg.work_dir)
    built = VISUALIZERS.build(config)
    forget_instance(built)


def check_files(cfg: Config, where: str) -> None:
    """Check that the weights that a phase starts from can be read; addresses are downloaded.

    Raises:
        FileNotFoundError: Naming the key and the file.
        CheckpointError: If the file is not a checkpoint.
    """
    for key, path in [("load_from", cfg.get("load_from")), *_pretrained(cfg)]:
        if not isinstance(path, str):
            continue
        if "://" not in path and not osp.isfile(path):
            raise FileNotFoundError(f"{where}: {key}: there is no file {path!r}")
        try:
            read_anywhere(path)  # refuses incomplete files, and those with more than data
        except CheckpointError as error:
            raise type(error)(f"{where}: {key}: {error}") from error
        except ValueError as error:
            raise ValueError(f"{where}: {key}: {error}") from error


def _pretrained(cfg: Config) -> Iterator[tuple[str, str | None]]:
    """Keys and paths of the files that a model's initialisation reads."""
    for node in nodes(cfg.model.to_dict()):
        if isinstance(node.get("pretrained"), str):
            yield "pretrained", node["pretrained"]
        init = node.get("init_cfg")
        for each in as_list(init):
            if isinstance(each, Mapping) and type_name(each) in FROM_FILES:
                yield "init_cfg.checkpoint", each.get("checkpoint")
