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
#: registries whose classes no model, transform or metric consists of, such as a runner, which makes
#: its folder and replaces the log; others of a training's than its model
_RUNNERS = ("runner", "runner constructor", "inferencer")
_OUTSIDE = (
    *(*_RUNNERS, "strategy", "hook", "loop", "dataset", "data sampler", "visualizer"),
    *("vis_backend", "metric", "evaluator", "log_processor"),
)


def unregistered(config: Any) -> str | None:
    """The first name in a config that would be called or imported but is not registered.

    mmengine's registries call any dotted name, even ``subprocess.Popen``, and import the package
    of a scope. By its full path, each of them builds the classes of all others; a model consists of
    no runner, hook or dataset.

    Returns:
        The name; None if building from the config calls registered classes only.
    """
    model = config.get("model") if isinstance(config, dict) else None
    return _first_of(config, _RUNNERS) or _first_of(model, _OUTSIDE)


def _first_of(config: Any, refused: tuple[str, ...]) -> str | None:
    """As :func:`unregistered`, where full paths of some registries' classes do not count."""
    names, paths, scopes = _registered(refused)
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


def _registered(refused: tuple[str, ...]) -> tuple[set[str], set[str], set[str]]:
    """Names, full paths and scopes of everything in mmengine's and mmseg's registries.

    There are no full paths of the registries that are refused.
    """
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
            if registry.name not in refused:
                # where we replaced a class of mmseg's, the replaced one counts, too
                replaced = [base for base in getattr(value, "__mro__", ()) if base.__name__ == name]
                known = {value, *replaced}
                paths.update(
                    f"{each.__module__}.{each.__qualname__}"
                    for each in known
                    if inspect.isclass(each) or inspect.isfunction(each)
                )
    return names, paths, scopes
