"""Types that a model's config names below its parts: of layers, and of what fills their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import MODELS, WEIGHT_INITIALIZERS, Registry

from ...registered import of_mmseg, registered
from ...spelling import hint

#: Where a type is named, and who knows it. mmengine asks for the first three among its own.
_NAMED: dict[str, Registry] = {
    "norm_cfg": MODELS,
    "conv_cfg": MODELS,
    "act_cfg": MODELS,
    "init_cfg": WEIGHT_INITIALIZERS,
}


def check_layer_types(node: Any, place: str) -> None:
    """Refuse types of layers and of initialisations that are not registered.

    mmengine builds the ones late, and names of the others none.

    Args:
        node: a model's config, or a part of it.
        place: what messages call it.

    Raises:
        ValueError: naming the key and the nearest right type.
    """
    if isinstance(node, (list, tuple)):
        for index, child in enumerate(node):
            check_layer_types(child, f"{place}[{index}]")
    if not isinstance(node, Mapping):
        return
    for key, child in node.items():
        where = f"{place}.{key}"
        if key in _NAMED:
            for each in child if isinstance(child, (list, tuple)) else [child]:
                _check_type(each, _NAMED[key], where)
        check_layer_types(child, where)


def _check_type(config: Any, registry: Registry, place: str) -> None:
    kind = config.get("type") if isinstance(config, Mapping) else None
    if not isinstance(kind, str):
        return
    known = of_mmseg(registry)
    if registered(registry, kind) is None and registered(known, kind) is None:
        names = [*registry.module_dict, *known.module_dict]
        raise ValueError(f"{place}.type: {kind!r} is not registered{hint(kind, names)}")
