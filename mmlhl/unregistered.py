"""Which classes mmengine's registries may build from a config that somebody else wrote."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import mmengine.registry
import mmseg.registry
from mmengine.registry import Registry

#: Keys whose value is the name of a class or function to call.
_CALLED = ("type", "target", "_target_")
#: Keys whose value is the name of a package that mmengine would import to find it.
_SCOPES = ("_scope_", "default_scope")


def unregistered(config: Any) -> str | None:
    """The first name in a config that would be called or imported but is not registered.

    mmengine's registries call any dotted name, even ``subprocess.Popen``, and import the package
    of a scope.

    Returns:
        The name; None if building from the config calls registered classes only.
    """
    names, paths, scopes = _registered()
    for value in _named(config, _SCOPES):
        if value not in scopes:
            return value
    for value in _named(config, _CALLED):
        scope, _, name = value.rpartition(".")
        if not scope:
            fits = value in names or not _is_module(value)
        else:
            fits = value in paths or (scope in scopes and name in names)
        if not fits:
            return value
    return None


def _named(node: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, dict):
        for key in keys:
            if isinstance(node.get(key), str):
                yield node[key]
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _named(each, keys)


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _registered() -> tuple[set[str], set[str], set[str]]:
    """Names, full paths and scopes of everything in mmengine's and mmseg's registries."""
    names: set[str] = set()
    paths: set[str] = set()
    scopes: set[str] = {"mmengine", "mmcv", "mmseg"}
    pending = [
        value
        for module in (mmengine.registry, mmseg.registry)
        for value in vars(module).values()
        if isinstance(value, Registry)
    ]
    seen: set[int] = set()
    while pending:
        registry = pending.pop()
        if id(registry) in seen:
            continue
        seen.add(id(registry))
        registry.import_from_location()  # as at its first use
        pending.extend(registry.children.values())
        scopes.add(registry.scope)
        for name, value in registry.module_dict.items():
            names.add(name)
            if inspect.isclass(value) or inspect.isfunction(value):
                paths.add(f"{value.__module__}.{value.__qualname__}")
    return names, paths, scopes
