"""Options of an optimiser with which it would train nothing, or in the wrong direction."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from ...config_values import is_number
from ...option_rules import (
    ABOVE_0,
    BOOL,
    FINITE_FROM_0,
    FROM_0,
    WITHIN,
    Rule,
    check_option,
    check_options,
    if_set,
    number,
    whole,
)
from ...registered import names_class, of_mmseg, registered_class, type_name
from ...spelling import hint, near_miss, unknown
from .checking.signatures import default_of, options_of
from .layer_decay import check_layer_decay
from .phase_model import PhaseModel

#: Keys of ``paramwise_cfg`` that mmengine's constructor reads; it ignores all others.
PARAMWISE = (
    *("custom_keys", "bias_lr_mult", "bias_decay_mult", "norm_decay_mult", "flat_decay_mult"),
    *("dwconv_decay_mult", "dcn_offset_lr_mult", "bypass_duplicate"),
)
_FACTORS = ("lr_mult", "decay_mult")
_RATES: dict[str, Rule] = {
    "lr": ABOVE_0,
    "momentum": number(lambda value: 0 <= value < 1, "a number within [0, 1)"),
    "weight_decay": FROM_0,
    "eps": FROM_0,
}
#: options of torch's ``GradScaler``
_SCALER: dict[str, Rule] = {
    "init_scale": ABOVE_0,
    "growth_factor": (lambda value: is_number(value) and value > 1, "a number > 1"),
    "backoff_factor": WITHIN,
    "growth_interval": whole(1),
    "enabled": BOOL,
    "device": (lambda value: isinstance(value, str), "the name of a device"),
}
#: functions of torch by the type of ``clip_grad``, whose other keys are their arguments
_CLIPPING: dict[str, Callable[..., Any]] = {"norm": clip_grad_norm_, "value": clip_grad_value_}


def check_optimisation(wrapper: Any, place: str) -> None:
    """Refuse invalid learning rates, momenta, limits of gradients and similar options.

    Raises:
        ValueError: Naming the option, its value and what would be right.
    """
    if not isinstance(wrapper, Mapping):
        return
    if "optimizer" not in wrapper:
        for name, child in wrapper.items():
            check_optimisation(child, f"{place}.{name}")
        return
    check_options(wrapper, dict(accumulative_counts=whole(1)), place)
    _check_optimizer(wrapper["optimizer"], f"{place}.optimizer")
    _check_clipping(wrapper.get("clip_grad"), f"{place}.clip_grad")
    _check_loss_scale(wrapper.get("loss_scale"), f"{place}.loss_scale")
    constructor = wrapper.get("constructor", "DefaultOptimWrapperConstructor")
    registry, default = of_mmseg(OPTIM_WRAPPER_CONSTRUCTORS), DefaultOptimWrapperConstructor
    if names_class(registry, constructor, default) and "params" in wrapper["optimizer"]:
        raise ValueError(
            f"{place}.optimizer.params={wrapper['optimizer']['params']!r} would be ignored, as all "
            "parameters of the model are trained: leave it out, and set other rates by "
            "paramwise_cfg.custom_keys"
        )
    check_layer_decay(wrapper, place)
    if type_name(constructor) == "DefaultOptimWrapperConstructor":
        paramwise = wrapper.get("paramwise_cfg")
        _check_paramwise(paramwise, wrapper["optimizer"], f"{place}.paramwise_cfg")
        _check_factors(paramwise or {}, wrapper["optimizer"], place)


def check_custom_keys(wrapper: Any, names: Iterable[str], where: str = "") -> None:
    """Refuse a misspelt key of ``custom_keys``, and warn of one that matches no parameter.

    Args:
        wrapper: An optimizer wrapper's config, as ``cfg.optim_wrapper``.
        names: Names of all parameters that it may train.
        where: Beginning of each message, such as ``"phases[1]: "``.

    Raises:
        ValueError: Naming the key and the nearest right one.
    """
    keys = ((wrapper or {}).get("paramwise_cfg") or {}).get("custom_keys") or {}
    listed = [f".{name}" for name in names]
    parts = {part for name in listed for part in name.split(".")}
    for key in keys:
        if any(str(key) in name for name in listed):
            continue
        place = f"{where}optim_wrapper.paramwise_cfg.custom_keys"
        place = f"{place}: {key!r} is in the name of no parameter"
        meant = near_miss(str(key), parts)
        if meant:
            raise ValueError(f"{place}; did you mean {meant!r}?")
        print_log(f"{place}, so it has no effect", "current", logging.WARNING)


def wrappers_of(wrapper: Any) -> list[OptimWrapper]:
    """mmengine's wrapper of an optimiser in a list; those of several optimisers."""
    return list(wrapper.values()) if isinstance(wrapper, OptimWrapperDict) else [wrapper]


def check_several(model: PhaseModel, names: Iterable[str]) -> None:
    """Refuse several optimisers unless the model overrides mmengine's ``train_step``.

    Raises:
        ValueError: If it does not override it.
    """
    if getattr(type(model), "train_step", None) is BaseModel.train_step:
        raise ValueError(
            f"optim_wrapper.constructor builds several optimisers ({', '.join(names)}), with which "
            f"{type(model).__name__} can make no step: give it a train_step of its own, or take "
            "one optimiser and other rates by paramwise_cfg.custom_keys"
        )


def _check_optimizer(optimizer: Any, place: str) -> None:
    if not isinstance(optimizer, Mapping):
        raise ValueError(f"{place} must be dict(type=...), got {optimizer!r}")
    cls = registered_class(of_mmseg(OPTIMIZERS), optimizer)
    defaults = {key: default_of(cls, key) for key in optimizer} if cls is not None else {}
    for key, default in defaults.items():
        if optimizer[key] is None and default is not None:
            raise ValueError(f"{place}.{key} is None; leave it out, or write one like {default!r}")
    for key, rule in _RATES.items():
        value = optimizer.get(key)
        if isinstance(value, (list, tuple)) and isinstance(defaults.get(key), tuple):
            continue  # Adafactor has two eps
        check_option(value, if_set(rule), f"{place}.{key}")
    betas = optimizer.get("betas")
    pair = isinstance(betas, (list, tuple)) and len(betas) >= 2
    if "betas" in optimizer and not (
        pair and all(is_number(beta) and 0 <= beta < 1 for beta in betas)
    ):
        raise ValueError(f"{place}.betas must be two numbers within [0, 1), got {betas!r}")


def _check_loss_scale(scale: Any, place: str) -> None:
    """Refuse a scale of the loss that torch's ``GradScaler`` does not take, on a CPU as well."""
    if isinstance(scale, Mapping):
        for key in scale:
            if key not in _SCALER:
                raise ValueError(f"{place}.{key}: {unknown(str(key), _SCALER)}")
        check_options(scale, _SCALER, place)
    elif scale not in (None, "dynamic"):
        check_option(scale, (ABOVE_0[0], "'dynamic', a number > 0 or options of GradScaler"), place)


def _check_clipping(clip: Any, place: str) -> None:
    if clip is None:
        return
    if not isinstance(clip, Mapping) or not clip:
        raise ValueError(f"{place} must be a dict such as dict(max_norm=1.0), got {clip!r}")
    kind = clip.get("type", "norm")
    if kind not in _CLIPPING:
        near = hint(str(kind), _CLIPPING)
        raise ValueError(f"{place}.type must be one of {list(_CLIPPING)}, got {kind!r}{near}")
    known = ["type", *list(inspect.signature(_CLIPPING[kind]).parameters)[1:]]
    for key in clip:
        if key not in known:
            raise ValueError(f"{place}.{key}: {unknown(str(key), known)}")
    key = "clip_value" if kind == "value" else "max_norm"
    # 0 trains nothing, and a negative limit reverses the gradient
    check_option(clip.get(key), ABOVE_0, f"{place}.{key}")
    check_options(clip, dict(norm_type=(ABOVE_0[0], "a number > 0 or infinity")), place)


def _check_paramwise(options: Any, optimizer: Mapping, place: str) -> None:
    if options is None:
        return
    if not isinstance(options, Mapping):
        raise ValueError(f"{place} must be a dict, got {options!r}")
    for key, value in options.items():
        if key not in (*PARAMWISE, "_delete_"):
            raise ValueError(f"{place}.{key}: {unknown(str(key), PARAMWISE)}")
        if key.endswith("_mult"):
            check_option(value, FINITE_FROM_0, f"{place}.{key}")
    check_options(options, dict(bypass_duplicate=BOOL), place)
    custom = options.get("custom_keys") or {}
    if not isinstance(custom, Mapping):
        raise ValueError(
            f"{place}.custom_keys must be a dict such as dict(backbone=dict(lr_mult=0.1)), got "
            f"{custom!r}"
        )
    # any other key is an option of the optimiser's parameter group
    cls = registered_class(of_mmseg(OPTIMIZERS), optimizer)
    names, is_open = options_of(cls) if cls is not None else (frozenset(), True)
    known = [*_FACTORS, "_delete_", *sorted(names - {"params"})]
    for name, group in custom.items():
        if name == "_delete_":
            continue
        if not isinstance(group, Mapping):
            raise ValueError(
                f"{place}.custom_keys[{name!r}] must be a dict such as dict(lr_mult=0.1), "
                f"got {group!r}"
            )
        for key, value in group.items():
            if key not in known and not is_open:
                raise ValueError(
                    f"{place}.custom_keys[{name!r}] has {key!r}: {unknown(str(key), known)}"
                )
            if key in _FACTORS:
                check_option(value, FINITE_FROM_0, f"{place}.custom_keys[{name!r}].{key}")


def _check_factors(options: Mapping, optimizer: Mapping, place: str) -> None:
    """Refuse factors of a learning rate or a weight decay that is not set."""
    custom = options.get("custom_keys") or {}
    for factor, option in zip(_FACTORS, ("lr", "weight_decay"), strict=True):
        factors = [key for key in options if key.endswith(f"_{factor}")]
        factors += [
            f"custom_keys[{name!r}].{factor}"
            for name, group in custom.items()
            if isinstance(group, Mapping) and factor in group
        ]
        if factors and optimizer.get(option) is None:
            raise ValueError(
                f"{place}.paramwise_cfg.{factors[0]} needs {place}.optimizer.{option}, which is "
                "not set: set it, or leave the factor out"
            )
