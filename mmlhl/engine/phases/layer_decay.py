"""Checks of mmseg's learning rates that decay with the depth of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmseg.engine.optimizers import (
    LayerDecayOptimizerConstructor,
    LearningRateDecayOptimizerConstructor,
)

from ...option_rules import ABOVE_0_TO_1, check_option, whole
from ...registered import names_class, of_mmseg
from ...spelling import hint, unknown

KINDS = ("layer_wise", "layer_wise_vit", "stage_wise")


def check_layer_decay(wrapper: Mapping, place: str) -> None:
    """Refuse options that mmseg's constructors for layer decay ignore, or fail without.

    Raises:
        ValueError: Naming the option, its value and what would be right.
    """
    constructor, registry = wrapper.get("constructor"), of_mmseg(OPTIM_WRAPPER_CONSTRUCTORS)
    if not names_class(registry, constructor, LearningRateDecayOptimizerConstructor):
        return
    old = names_class(registry, constructor, LayerDecayOptimizerConstructor)
    rate = "layer_decay_rate" if old else "decay_rate"
    place = f"{place}.paramwise_cfg"
    options = wrapper.get("paramwise_cfg") or {}
    if not isinstance(options, Mapping):
        raise ValueError(f"{place} must be a dict, got {options!r}")
    known = ("num_layers", rate) if old else ("num_layers", rate, "decay_type")
    for key in options:
        if key not in (*known, "_delete_"):
            raise ValueError(f"{place}.{key}: {unknown(str(key), known)}")
    check_option(options.get("num_layers"), whole(1), f"{place}.num_layers")
    check_option(options.get(rate), ABOVE_0_TO_1, f"{place}.{rate}")
    kind: Any = options.get("decay_type", KINDS[0])
    if kind not in KINDS:
        raise ValueError(
            f"{place}.decay_type must be one of {KINDS}, got {kind!r}{hint(str(kind), KINDS)}"
        )
