"""Checks of types and keys nested in a model's config: of layers and of weight initialisers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import MODELS, WEIGHT_INITIALIZERS, Registry

from ....config_values import as_list, entries
from ....registered import of_mmseg, registered_class
from .key_checker import KeyChecker
from .signatures import options_of

#: keys of nested configs, and the registries of their types
_NAMED: dict[str, Registry] = {
    "norm_cfg": MODELS,
    "conv_cfg": MODELS,
    "act_cfg": MODELS,
    "init_cfg": WEIGHT_INITIALIZERS,
}
#: keys that the code that builds them takes away before the class gets the rest
_TAKEN = {"type", "_scope_", "requires_grad", "override"}


def check_layer_types(check: KeyChecker, node: Any, place: str) -> None:
    """Refuse types of layers and of initialisers that are not registered, and misspelt keys.

    mmengine builds initialisers late, and its error for layers does not name the type. Keys that
    are like no option are left to the class: the code that builds a layer may use up others.

    Raises:
        ValueError: Naming the key and the nearest right type or option.
    """
    for key, registry in _NAMED.items():
        for where, given in entries(node, key, place):
            for each in as_list(given):
                if not isinstance(each, Mapping):
                    continue
                check.kind(each.get("type"), registry, where)
                cls = registered_class(of_mmseg(registry), each)
                if cls is not None:
                    check.near(each, options_of(cls)[0] | _TAKEN, where)
