"""Top-level keys of a config that are never read: the user's own variables, or mistakes."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import (
    EVALUATOR,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    OPTIM_WRAPPERS,
    PARAM_SCHEDULERS,
    VISUALIZERS,
    Registry,
)
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ....config_files import read_config
from ....config_values import entries, leaves, nodes
from ....registered import of_mmseg, registered_class, type_name
from ....spelling import hint, near_miss
from ..override_paths import merge_overrides
from .runner_options import SUBMODULES

#: keys that mmengine, mmseg or mmlhl read
READ = set(inspect.signature(Runner.__init__).parameters) - {"self", "cfg"} | {
    *(
        "phases",
        "disjoint_phases",
        "dry_run",
        "check_labels",
        "runner_type",
        "label",
        "custom_imports",
    ),
    *("resume_changed", "pseudo_labels", "progress", "test_pipeline", "tta_model"),
    *("tta_pipeline", "model_wrapper_cfg", "sync_bn", "find_unused_parameters"),
    *("default_scope", "data_preprocessor", "compile", *SUBMODULES),
}
#: names of variables in mmseg's configs
VARIABLES = {"train_pipeline", "val_pipeline", "data_root", "dataset_type", "crop_size"}
VARIABLES |= {"norm_cfg", "optimizer"}
TOP = READ | VARIABLES

#: keys of mmcv before 2.0, and their replacements
OLD = {
    "lr_config": "param_scheduler",
    "momentum_config": "param_scheduler",
    "optimizer_config": "optim_wrapper",
    "checkpoint_config": "default_hooks.checkpoint",
    "log_config": "default_hooks.logger and visualizer",
    "total_epochs": "train_cfg.max_epochs",
    "total_iters": "train_cfg.max_iters",
    "resume_from": "--resume",
    "data": "train_dataloader, val_dataloader and test_dataloader",
    "runner": "train_cfg",
    "evaluation": "train_cfg.val_interval and val_evaluator",
    "seed": "randomness.seed",
    "deterministic": "randomness.deterministic",
    "optimizer": "optim_wrapper.optimizer",
    "fp16": "optim_wrapper.type='AmpOptimWrapper', or --amp",
    "workflow": "train_cfg.val_interval",
    "dist_params": "env_cfg.dist_cfg",
    "cudnn_benchmark": "env_cfg.cudnn_benchmark",
    "mp_start_method": "env_cfg.mp_cfg.mp_start_method",
    "opencv_num_threads": "env_cfg.mp_cfg.opencv_num_threads",
    "gpu_ids": "CUDA_VISIBLE_DEVICES in the environment",
}
#: options of those old keys that may also be a user's variable
_OLD_OPTIONS = {
    "data": {"samples_per_gpu", "workers_per_gpu"},
    "runner": {"max_iters", "max_epochs"},
    "evaluation": {"interval", "metric", "save_best"},
}
#: registries whose classes are read under one key only
_SECTIONS: tuple[tuple[Registry, str], ...] = (
    (HOOKS, "custom_hooks"),
    (OPTIM_WRAPPERS, "optim_wrapper"),
    (PARAM_SCHEDULERS, "param_scheduler"),
    (LOOPS, "train_cfg"),
    (EVALUATOR, "test_evaluator"),
    (VISUALIZERS, "visualizer"),
    (LOG_PROCESSORS, "log_processor"),
)
#: keys by which a dictionary without a type is recognised
_LOADER = set(inspect.signature(DataLoader.__init__).parameters) - {"self"}
_BY_KEYS = (
    (_LOADER - {"timeout"}, "train_dataloader"),
    ({"max_epochs", "max_iters", "val_interval", "val_begin", "by_epoch"}, "train_cfg"),
)


def acting_keys(cfg: Mapping) -> set[str]:
    """The top-level keys that are read, and are no mere variables, in a config."""
    own = isinstance(cfg.get("model"), Mapping) and "data_preprocessor" in cfg["model"]
    return READ - {"data_preprocessor"} if own else READ


def check_top_keys(
    cfg: Mapping,
    where: str = "",
    own: Mapping | None = None,
    read: Collection[str] | None = None,
    left: Collection[str] = (),
) -> None:
    """Refuse top-level keys that are never read and are probably mistakes.

    The user's own variables are allowed. A key is refused if it is similar to one that is read, if
    it was read before mmengine, or if its value is a hook, a schedule, a loader or similar, but
    nothing like it is used in the config. In the overrides of a phase no variable is of use, so
    that one called like an option is refused.

    Args:
        cfg: A config.
        where: Beginning of messages.
        own: Entries to check; all of the config if None.
        read: Variables that the config's files read; None if that is unknown.
        left: Keys that only mmseg's own configs set; old ones among them are a warning, as who
            inherits them cannot take them out.

    Raises:
        ValueError: Naming the key and the one that is read.
    """
    for key, value in (cfg if own is None else own).items():
        if key in OLD and value is not None and _is_old(str(key), value, cfg, read):
            message = f"{where}{key}: mmengine no longer reads it; write {OLD[key]}"
            if key not in left:
                raise ValueError(message)
            print_log(f"{message} (an mmseg config sets it)", "current", logging.WARNING)
            continue
        if own is not None and key in VARIABLES:
            raise ValueError(
                f"{where}{key} is a variable, which has been used already: override what was made "
                "of it"
            )
        if key in TOP or str(key).startswith("_"):
            continue
        if meant := near_miss(str(key), TOP):
            advice = "; a variable of your own needs a name that is less like it"
            raise ValueError(f"{where}{key}: unknown key; did you mean {meant!r}?{advice}")
        section = _section_of(value)
        if section is not None and not _is_used(value, cfg):
            raise ValueError(
                f"{where}{key}: unknown key, and no known one is like it; did you mean "
                f"{section!r}? If it is meant to be unused, call it _{key}"
            )
        if own is not None and (meant := _meant(str(key), cfg)):
            raise ValueError(f"{where}{key}: nothing reads it in the cfg of a phase{meant}")
        if own is None and read is None:
            _warn_of_option(str(key), value, cfg)


def overridden(path: str | os.PathLike, options: Mapping[str, Any] | None) -> Config:
    """Read a config file and apply the overrides of a command line.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file cannot be read, or an override has no effect.
    """
    cfg = read_config(path)
    check_overrides(options, cfg)
    if options:
        merge_overrides(cfg, options)
    return cfg


def check_overrides(options: Mapping[str, Any] | None, cfg: Config) -> None:
    """Refuse overrides on a command line that would have no effect.

    This includes variables of the file, which were already used when it was read.

    Args:
        options: Values by dotted keys.
        cfg: The config; if it has another runner, all keys are accepted.

    Raises:
        ValueError: Naming the key.
    """
    if type_name(cfg.get("runner_type", "LifelongRunner")) != "LifelongRunner":
        return
    for dotted in options or {}:
        key = str(dotted).split(".")[0]
        if key in VARIABLES or (key in cfg and key not in READ):
            raise ValueError(
                f"--cfg-options {dotted}: {key} is a variable of the config file, which has been "
                "used already: override what was made of it, such as "
                "train_dataloader.dataset.data_root"
            )
        if key not in READ:
            raise ValueError(f"--cfg-options {dotted}: unknown key {key!r}{_meant(dotted, cfg)}")


def _meant(dotted: str, cfg: Mapping) -> str:
    """What a key that nothing reads may stand for: one like it, or an option further down."""
    key, _, rest = str(dotted).partition(".")
    if near := hint(key, READ):
        return near
    known = {each: value for each, value in cfg.items() if each in READ}
    places = [place for place, _ in entries(known, key)]
    if key in OLD:
        return f"; mmengine no longer reads it, write {OLD[key]}"
    return f"; did you mean {places[0]}{'.' if rest else ''}{rest}?" if places else ""


def _warn_of_option(key: str, value: Any, cfg: Mapping) -> None:
    """Warn of a number or name that nothing reads, called like an option that has another value.

    It may be a variable of the file that a config was read from and edited, which is unknown here.
    """
    known = {each: node for each, node in cfg.items() if each in READ}
    places = dict(entries(known, key))
    plain = isinstance(value, (int, float, str))
    if plain and places and value not in places.values():
        message = f"{key}={value!r} at the top changes nothing; did you mean {next(iter(places))}?"
        print_log(message, "current", logging.WARNING)


def _is_old(key: str, value: Any, cfg: Mapping, read: Collection[str] | None) -> bool:
    """Whether an old key is no variable that the config hands on."""
    if read is not None and key in read:
        return False
    place: Any = cfg
    for part in OLD[key].split("."):
        place = place.get(part) if isinstance(place, Mapping) else None
    if place is not None and place == value:
        return False
    if key == "optimizer" and read is None and _is_used(value, cfg):
        return False
    options = _OLD_OPTIONS.get(key)
    return options is None or (isinstance(value, Mapping) and bool(options & set(value)))


def _section_of(value: Any) -> str | None:
    """The key under which such a value is read, if there is only one."""
    if isinstance(value, (list, tuple)):
        found = {_section_of(each) for each in value}
        return found.pop() if len(found) == 1 else None
    if not isinstance(value, Mapping) or not value:
        return None
    if value.get("type") is None:
        keys = set(value)
        return next((name for known, name in _BY_KEYS if keys <= known | {"dataset"}), None)
    for registry, name in _SECTIONS:
        if registered_class(of_mmseg(registry), value) is not None:
            return name
    return None


def _is_used(value: Any, cfg: Mapping) -> bool:
    """Whether a similar value occurs under a key that is read."""
    if isinstance(value, (list, tuple)):
        return all(_is_used(each, cfg) for each in value)
    wanted = set(_leaves(value))
    for key in cfg:
        if key not in READ:
            continue
        for node in nodes(cfg[key]):
            if 2 * len(wanted & set(_leaves(node))) >= len(wanted):
                return True
    return False


def _leaves(node: Any) -> Iterator[tuple[str, str]]:
    """Texts of the values in a config, by their dotted keys; equal for any notation."""
    for key, value in leaves(node, lists=False):
        if isinstance(value, Mapping):  # an empty one
            continue
        if key.rpartition(".")[2] == "type" and value is not None:
            value = type_name(value)
        yield key, repr(list(value) if isinstance(value, tuple) else value)
