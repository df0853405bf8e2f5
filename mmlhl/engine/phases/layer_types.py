"""Types that a model's config names below its parts: of layers, and of what fills their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import MODELS, WEIGHT_INITIALIZERS, Registry

from .key_checker import KeyChecker

#: Where a type is named, and who knows it.
_NAMED: dict[str, Registry] = {
    "norm_cfg": MODELS,
    "conv_cfg": MODELS,
    "act_cfg": MODELS,
    "init_cfg": WEIGHT_INITIALIZERS,
}


def check_layer_types(check: KeyChecker, node: Any, place: str) -> None:
    """Refuse types of layers and of initialisations that are not registered.

    mmengine builds the latter late, and its error on the former names no type.

    Args:
        check: Called to refuse them.
        node: A model's config, or a part of it.
        place: Its dotted key, for messages.

    Raises:
        ValueError: Naming the key and the nearest right type.
    """
    if isinstance(node, (list, tuple)):
        for index, child in enumerate(node):
            check_layer_types(check, child, f"{place}[{index}]")
    if not isinstance(node, Mapping):
        return
    for key, child in node.items():
        where = f"{place}.{key}"
        if key in _NAMED:
            for each in child if isinstance(child, (list, tuple)) else [child]:
                if isinstance(each, Mapping):
                    check.kind(each.get("type"), _NAMED[key], where)
        check_layer_types(check, child, where)
