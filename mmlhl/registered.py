"""Look up the class of a config's ``type``, in any notation."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.registry import Registry


def registered_class(registry: Registry, config: Any) -> type | None:
    """The class of a config's ``type``, given as a class or as a name with or without a scope.

    Args:
        registry: Registry to look names up in.
        config: A config with ``type``, or the value of ``type``.

    Returns:
        The class; None if the name is not registered or not the name of a class.
    """
    kind = config.get("type") if isinstance(config, Mapping) else config
    if isinstance(kind, str):
        kind = registered(registry, kind)
    return kind if inspect.isclass(kind) else None


def registered(registry: Registry, name: str) -> Any:
    """The class or build function of a name in a registry; None if there is none.

    mmengine itself raises an error if the name is malformed or has an unknown scope.
    """
    try:
        return registry.get(name)
    except (ImportError, KeyError, AssertionError, RuntimeError, TypeError, ValueError):
        return None


def names_class(registry: Registry, config: Any, cls: type) -> bool:
    """Whether a config's ``type``, in any notation, is ``cls`` or a subclass."""
    kind = registered_class(registry, config)
    return kind is not None and issubclass(kind, cls)


def type_name(config: Any) -> str:
    """The bare name of a config's ``type``, for messages and comparisons of names.

    Args:
        config: A config with ``type``, or the value of ``type``: a class, a function, or a string
            with or without scope or module. Of an object that is built already, its class counts.
    """
    kind = config.get("type") if isinstance(config, Mapping) else config
    if kind is None or isinstance(kind, str):
        return str(kind).rpartition(".")[2]
    return getattr(kind, "__name__", type(kind).__name__)


def of_mmseg(registry: Registry) -> Registry:
    """mmseg's child of one of mmengine's registries, which also looks in its parent."""
    from mmseg import registry as children  # slow to import, and not needed for names

    for name in dir(children):
        child = getattr(children, name)
        if isinstance(child, Registry) and child.parent is registry:
            return child
    return registry
