"""The class that a config names, however it is written."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.registry import Registry


def registered_class(registry: Registry, config: Any) -> type | None:
    """The class that ``type`` names: as a class, as a name, or as a name with a registry's scope.

    Args:
        registry: Where names are looked up.
        config: A config with ``type``, or what would stand there.

    Returns:
        The class; None if nothing of that name is registered, or it is not a class.
    """
    kind = config.get("type") if isinstance(config, Mapping) else config
    if isinstance(kind, str):
        kind = registered(registry, kind)
    return kind if inspect.isclass(kind) else None


def registered(registry: Registry, name: str) -> Any:
    """What a name stands for in a registry: a class, or a function that builds; None for nothing.

    mmengine raises where the name has a scope that is unknown, or is not a name at all.
    """
    try:
        return registry.get(name)
    except (ImportError, KeyError, AssertionError, RuntimeError, TypeError, ValueError):
        return None


def names_class(registry: Registry, config: Any, cls: type) -> bool:
    """Whether a config's ``type`` is ``cls`` or a subclass, however it is written."""
    kind = registered_class(registry, config)
    return kind is not None and issubclass(kind, cls)


def type_name(config: Any) -> str:
    """The bare name of a config's ``type``, for messages and comparisons of names.

    Args:
        config: A config with ``type``, or what would stand there: a class, or a string with or
            without scope or module.
    """
    kind = config.get("type") if isinstance(config, Mapping) else config
    return kind.__name__ if inspect.isclass(kind) else str(kind).rpartition(".")[2]


def of_mmseg(registry: Registry) -> Registry:
    """mmseg's child of one of mmengine's registries, which sees the parent's as well."""
    from mmseg import registry as children  # not needed to tell names

    for name in dir(children):
        child = getattr(children, name)
        if isinstance(child, Registry) and child.parent is registry:
            return child
    return registry
