"""Checks that entries of a config are a dict, list or string where one is required."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Number
from types import NoneType
from typing import Any

from torch import Tensor

from .grammar import LOADERS

#: top-level keys whose values must be dicts
DICTS = (
    *LOADERS,
    *("train_cfg", "val_cfg", "test_cfg", "optim_wrapper", "default_hooks", "env_cfg"),
    *("randomness", "visualizer", "log_processor", "model_wrapper_cfg", "tta_model"),
    "data_preprocessor",
)
#: those that are lists of dicts, or one
LISTS = ("param_scheduler", "val_evaluator", "test_evaluator")
#: those that are lists of transforms
PIPELINES = ("test_pipeline", "tta_pipeline")
STRINGS = ("default_scope", "work_dir", "experiment_name", "load_from", "launcher")
PLAIN = (Number, os.PathLike, Tensor, str, bytes, list, tuple)  # also numbers of numpy


def check_shapes(cfg: Mapping, where: str = "") -> None:
    """Refuse plain values of the wrong type; objects that are already built are accepted.

    Raises:
        ValueError: Naming the key and its value.
    """
    for key in DICTS:
        if isinstance(cfg.get(key), PLAIN):
            raise ValueError(f"{where}{key} must be a dict, got {cfg.get(key)!r}")
    for key in STRINGS:
        if not isinstance(cfg.get(key), (str, os.PathLike, type(None))):
            raise ValueError(f"{where}{key} must be one string, got {cfg.get(key)!r}")
    for key in LISTS:
        value: Any = cfg.get(key)
        several = isinstance(value, (list, tuple))
        listed = value if several else [value]
        wrong = [each for each in listed if isinstance(each, PLAIN) or (several and each is None)]
        if key != "param_scheduler":
            fits = bool(listed)
        elif isinstance(value, Mapping) and "type" not in value:  # by name of the optimiser
            fits = bool(value) and all(isinstance(each, (Mapping, list)) for each in value.values())
        else:
            fits = True
        if wrong or not fits:
            raise ValueError(
                f"{where}{key} must be dict(type=...), or a list of them, got {value!r}"
            )
    hooks = cfg.get("custom_hooks")
    if not isinstance(hooks, (list, tuple, NoneType)) and hooks != {}:
        raise ValueError(f"{where}custom_hooks must be a list of dict(type=...), got {hooks!r}")
    for key in PIPELINES:
        if isinstance(cfg.get(key), (bool, int, float, str, bytes)):
            raise ValueError(f"{where}{key} must be a list of transforms, got {cfg.get(key)!r}")
    for key in LOADERS:
        loader: Any = cfg.get(key)
        if isinstance(loader, Mapping) and (
            loader.get("dataset") is None or isinstance(loader["dataset"], PLAIN)
        ):
            raise ValueError(
                f"{where}{key}.dataset must be dict(type=...), got {loader.get('dataset')!r}"
            )
