"""Checks of types nested in a model's config: of layers and of weight initialisers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import MODELS, WEIGHT_INITIALIZERS, Registry

from ....config_values import as_list, entries
from .key_checker import KeyChecker

#: keys of nested configs, and the registries of their types
_NAMED: dict[str, Registry] = {
    "norm_cfg": MODELS,
    "conv_cfg": MODELS,
    "act_cfg": MODELS,
    "init_cfg": WEIGHT_INITIALIZERS,
}


def check_layer_types(check: KeyChecker, node: Any, place: str) -> None:
    """Refuse types of layers and of initialisers that are not registered.

    mmengine builds initialisers late, and its error for layers does not name the type.

    Raises:
        ValueError: Naming the key and the nearest right type.
    """
    for key, registry in _NAMED.items():
        for where, given in entries(node, key, place):
            for each in as_list(given):
                if isinstance(each, Mapping):
                    check.kind(each.get("type"), registry, where)
