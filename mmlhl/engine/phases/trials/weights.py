"""Trials of a phase's first weights: whether initialisation acts, and whether a file's fit."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model.weight_init import BaseInit
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from ....checkpoints import read_anywhere, stored_tasks, weights_of
from ....config_values import as_list
from ....explaining import explained_error, first_few
from ....models.teachers import misfits
from ....registered import registered_class, type_name
from ..quiet_init import quiet_init
from .build import FROM_FILES

#: packages whose backbones keep the values of a file as they are
_PLAIN = ("mmengine", "mmlhl", "mmpretrain", "mmseg")
#: share of a module's values below which a file is said to fill it in part
_WHOLE = 0.95


def try_weights(
    cfg: Config, model: Any, tasks: Iterable[str], where: str, encoder: bool = True
) -> None:
    """Initialise the parts of a model that are new in a phase, as its training will.

    The backbone is initialised only if its config says how, since large ones take seconds.

    Raises:
        ValueError: Naming an ``init_cfg`` that cannot be applied or would initialise nothing, or a
            file of which no weight fits.
    """
    configs = cfg.model.to_dict()
    parts: dict[str, Any] = {}
    if encoder:
        parts = {"backbone": model.backbone, "neck": getattr(model, "neck", None)}
    parts.update((f"heads.{task}", model.heads[task]) for task in tasks)
    _check_acts(configs.get("init_cfg"), model, f"{where}: model")
    for name, module in parts.items():
        if module is None:
            continue
        config, place = _at(configs, name), f"{where}: model.{name}"
        _check_acts(config.get("init_cfg"), module, place)
        if name.startswith("heads."):
            decoder = config.get("decoder") or {}
            _check_acts(decoder.get("init_cfg"), module.decoder, f"{place}.decoder")
        files = list(_files(module))
        if not hasattr(module, "init_weights"):
            continue
        if name != "backbone" or files or config.get("init_cfg"):
            _initialise(module, place)
        for inner, path in files:
            _check_filled(inner, path, place)


def check_loaded(cfg: Config, model: Any, where: str) -> None:
    """Refuse a ``load_from`` of which no weight fits the encoder; mmengine would only log that.

    Raises:
        ValueError: Naming the file and its first weights.
    """
    path = cfg.get("load_from")
    if not isinstance(path, str):
        return
    state = weights_of(read_anywhere(path))
    own = model.state_dict()
    stored = stored_tasks(state)
    new = tuple(f"heads.{task}." for task in model.heads.keys() if task not in stored)
    wanted = {key: value for key, value in own.items() if not key.startswith(new or ("\0",))}
    wanted = {key: value for key, value in wanted.items() if _counts(key)}
    wrong = misfits(wanted, state)
    encoder = [key for key in wanted if key.startswith("backbone.")]
    kind = type(model.backbone).__name__
    if all(key in wrong for key in encoder):
        bare = any(key.removeprefix("backbone.") in state for key in encoder)
        remedy = (
            "its names lack 'backbone.': write model.backbone.init_cfg="
            f"dict(type='Pretrained', checkpoint={path!r})"
            if bare
            else f"its weights are {first_few(state, 3, ', ') or 'none'}, and the first in the "
            f"model is {encoder[0]}: {wrong[encoder[0]]}"
        )
        raise ValueError(
            f"{where}: load_from={path!r}: no weight of it fits model.backbone ({kind}), so "
            f"training would start without it; {remedy}"
        )
    if wrong:
        print_log(
            f"{where}: load_from={path!r} leaves {len(wrong)} of {len(wanted)} weights of the "
            f"model as they are: {first_few((f'{k}: {why}' for k, why in wrong.items()), 3)}",
            "current",
            logging.WARNING,
        )
    if any(key.startswith("decode_head.") for key in state):
        print_log(
            f"{where}: load_from={path!r}: of an mmseg segmentor only backbone and neck are used; "
            "phases[0].checkpoint=... takes it with its decode_head as a finished task",
            "current",
            logging.WARNING,
        )


def check_first_weights(cfg: Config, model: Any) -> None:
    """Refuse files of which no weight fits a model that is trained without phases.

    mmengine would log that, and train from random weights. Only files of this machine are read.

    Raises:
        ValueError: Naming the file, from ``load_from`` or an ``init_cfg``, and its first weights.
    """
    for name, module in model.named_modules():
        files = [path for path in _own_files(module) if os.path.isfile(path)]
        if files and hasattr(module, "init_weights"):
            _initialise(module, f"model.{name}".rstrip("."))
        for path in files:
            _check_filled(module, path, f"model.{name}".rstrip("."))
    path = cfg.get("load_from")
    if isinstance(path, str) and os.path.isfile(path):
        state, own = weights_of(read_anywhere(path)), model.state_dict()
        wrong = misfits(own, state)
        if own and wrong.keys() == own.keys():
            first = next(iter(own))
            raise ValueError(
                f"load_from={path!r}: no weight of it fits {type(model).__name__}, so training "
                f"would start without it; its weights are {first_few(state, 3, ', ') or 'none'}, "
                f"and the first in the model is {first}: {wrong[first]}"
            )


def _at(configs: Mapping, name: str) -> Mapping:
    """The config of a part; empty if it is none."""
    node: Any = configs
    for key in name.split("."):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _initialise(module: Any, place: str) -> None:
    try:
        with quiet_init(module):
            module.init_weights()
    except (AssertionError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{place}: init_cfg: {explained_error(error)}") from error


def _check_acts(init: Any, module: nn.Module, place: str) -> None:
    """Refuse an initialiser that applies to no layer; mmengine ignores it."""
    for config in as_list(init):
        cls = registered_class(WEIGHT_INITIALIZERS, config) if isinstance(config, Mapping) else None
        if cls is None or not issubclass(cls, BaseInit) or config.get("override"):
            continue
        shown = f"{place}.init_cfg: {type_name(config)}"
        layers = [str(each) for each in as_list(config.get("layer")) if each]
        if not layers:
            raise ValueError(
                f"{shown} would initialise nothing: name the layers, such as layer='Conv2d', or "
                "one module, such as override=dict(name='conv_seg')"
            )
        present = {each.__name__ for part in module.modules() for each in _near(type(part))}
        if not present & set(layers):
            raise ValueError(
                f"{shown} would initialise nothing: there is no layer {' or '.join(layers)} in "
                f"{type(module).__name__}, which has {', '.join(sorted(_leaves(module)))}"
            )


def _near(cls: type) -> Iterator[type]:
    """A class and its direct bases, by whose names mmengine looks for layers."""
    yield cls
    yield from cls.__bases__


def _leaves(module: nn.Module) -> set[str]:
    found = (each for each in module.modules() if any(True for _ in each.parameters(recurse=False)))
    return {type(each).__name__ for each in found}


def _files(module: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    """Modules below one that start from a file's weights, and the file."""
    for each in module.modules():
        for path in _own_files(each):
            yield each, path


def _own_files(module: nn.Module) -> Iterator[str]:
    for config in as_list(getattr(module, "init_cfg", None)):
        if isinstance(config, Mapping) and type_name(config) in FROM_FILES:
            path = config.get("checkpoint")
            if isinstance(path, str):
                yield path


def _check_filled(module: nn.Module, path: str, place: str) -> None:
    """Refuse a file that has left all weights of an initialised module as they were."""
    by_end: dict[str, list[Tensor]] = {}
    state = weights_of(read_anywhere(path))
    for name, value in state.items():
        parts = name.split(".")
        for start in range(len(parts)):
            by_end.setdefault(".".join(parts[start:]), []).append(value)
    filled, total, empty = 0, 0, []
    for name, value in module.named_parameters():
        if value.numel() < 2 or value.min() == value.max():  # alike without a file as well
            continue
        total += value.numel()
        if any(_same(value, other) for other in by_end.get(name, [])):
            filled += value.numel()
        else:
            empty.append(name)
    kind = type(module)
    text = f"{place}.init_cfg: {path!r} fills {filled / max(total, 1):.0%} of {kind.__name__}"
    if total and not filled and kind.__module__.split(".")[0] in _PLAIN:
        there = by_end.get(empty[0], [])
        why = (
            f"{empty[0]} is {tuple(there[0].shape)} there, "
            f"{tuple(module.get_parameter(empty[0]).shape)} here"
            if there and there[0].shape != module.get_parameter(empty[0]).shape
            else f"its names are {first_few(state, 1) or 'none'}, here {empty[0]}; prefix='...' "
            "takes the weights whose names begin with it"
        )
        raise ValueError(f"{text}, so it would start from random weights: {why}")
    if filled < _WHOLE * total:
        print_log(f"{text}; not {first_few(empty, 3, ', ')}", "current", logging.WARNING)


def _same(value: Tensor, other: Tensor) -> bool:
    return value.shape == other.shape and bool(
        (value.detach().cpu() == other.to(value.dtype)).all()
    )


def _counts(key: str) -> bool:
    return not key.endswith("num_batches_tracked")
