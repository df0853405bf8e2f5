"""Checks that entries of a config are a dict, list or string where one is required."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Number
from typing import Any

from torch import Tensor

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
#: top-level keys whose values must be dicts
DICTS = (
    *LOADERS,
    *("train_cfg", "val_cfg", "test_cfg", "optim_wrapper", "default_hooks", "env_cfg"),
    *("randomness", "visualizer", "log_processor", "model_wrapper_cfg", "tta_model"),
)
#: those that are lists of dicts, or one
LISTS = ("param_scheduler", "val_evaluator", "test_evaluator")
#: those that are lists of transforms
PIPELINES = ("test_pipeline", "tta_pipeline")
STRINGS = ("default_scope", "work_dir", "experiment_name", "load_from", "launcher")
PLAIN = (Number, os.PathLike, Tensor, str, bytes, list, tuple)  # also numbers of numpy


def check_shapes(cfg: Mapping, where: str = "") -> None:
    """Refuse plain values of the wrong type; objects that are already built are accepted.

    Args:
        cfg: The config of a phase.
        where: Beginning of messages, such as ``"phases[1]: "``.

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
        listed = value if isinstance(value, (list, tuple)) else [value]
        several = isinstance(value, (list, tuple))
        wrong = [each for each in listed if isinstance(each, PLAIN) or (several and each is None)]
        if wrong or (key != "param_scheduler" and listed == []):
            raise ValueError(
                f"{where}{key} must be dict(type=...), or a list of them, got {value!r}"
            )
    schedules = cfg.get("param_scheduler")
    if isinstance(schedules, Mapping) and "type" not in schedules:  # by name of the optimiser
        wrong = [each for each in schedules.values() if not isinstance(each, (Mapping, list))]
        if wrong or not schedules:
            raise ValueError(
                f"{where}param_scheduler must be dict(type=...), or a list of them, got "
                f"{schedules!r}"
            )
    if isinstance(cfg.get("custom_hooks"), PLAIN) and not isinstance(
        cfg["custom_hooks"], (list, tuple)
    ):
        raise ValueError(
            f"{where}custom_hooks must be a list of dict(type=...), got {cfg['custom_hooks']!r}"
        )
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
