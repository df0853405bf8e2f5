"""The config in a checkpoint, read as data.

mmengine stores a config as Python text and reads it back by running it. A checkpoint may come from
anybody, so its text is only parsed here, and what it would build has to be registered already.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import mmengine.registry
import mmseg.registry
from mmengine.registry import Registry

_NUMBERS = {"inf": float("inf"), "nan": float("nan")}
#: Keys whose value names what is to be called.
_CALLED = ("type", "target", "_target_")


class StoredConfigError(ValueError):
    """The config in a checkpoint is no plain data, or names what nobody registered."""


def parse_config_text(text: str, source: str = "the config") -> dict[str, Any]:
    """Read a config as mmengine dumps it, without running it.

    Args:
        text: lines such as ``key = dict(...)``; values are literals, ``dict(...)`` or both nested.
        source: names the text in messages.

    Returns:
        Plain dicts, lists, tuples, strings and numbers, by key.

    Raises:
        StoredConfigError: if there is anything else in it; names the line.
    """
    try:
        tree = ast.parse(text)
        config = {}
        for statement in tree.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if len(targets) != 1 or not isinstance(targets[0], ast.Name):
                raise _refusal(source, statement)
            config[targets[0].id] = _value(statement.value, source)  # type: ignore[attr-defined]
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise StoredConfigError(f"{source} is no plain data: {error}") from error
    return config


def _refusal(source: str, node: ast.AST) -> StoredConfigError:
    written = ast.unparse(node)
    shown = written if len(written) <= 60 else f"{written[:57]}..."
    return StoredConfigError(
        f"{source}, line {getattr(node, 'lineno', '?')}, is no plain data and was not run: {shown}"
    )


def _value(node: ast.AST, source: str) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand, source)
        if isinstance(value, (int, float)):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        return kind(_value(each, source) for each in node.elts)
    if isinstance(node, ast.Dict):
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found.update(_value(value, source))
            else:
                found[_value(key, source)] = _value(value, source)
        return found
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        found = {}
        for each in node.args:
            found.update(_value(each, source))
        for keyword in node.keywords:
            value = _value(keyword.value, source)
            found.update({keyword.arg: value} if keyword.arg else value)
        return found
    raise _refusal(source, node)


def stored_config(checkpoint: Mapping[str, Any], source: str) -> dict[str, Any] | None:
    """The config that a checkpoint was trained with.

    Args:
        checkpoint: as it was loaded.
        source: its file, for messages.

    Returns:
        Plain data; None if the checkpoint has no config.

    Raises:
        StoredConfigError: if the config is no plain data, or would call what no registry has.
    """
    meta = checkpoint.get("meta") or {}
    hub = checkpoint.get("message_hub") or {}
    text = meta.get("cfg") or (hub.get("runtime_info") or {}).get("cfg")
    if not isinstance(text, str):
        return None
    config = parse_config_text(text, f"the config in {source}")
    check_types(config, source)
    return config


def check_types(config: Any, source: str) -> None:
    """Make sure that building from a config calls registered classes only.

    mmengine's registries build whatever a dotted name leads to, ``subprocess.Popen`` too.

    Args:
        config: plain data out of a checkpoint.
        source: its file, for the message.

    Raises:
        StoredConfigError: naming the first entry that is not registered.
    """
    names, paths, scopes = _registered()
    for value in _called(config):
        scope, _, name = value.rpartition(".")
        if not scope:
            fits = value in names or not _is_module(value)
        else:
            fits = value in paths or (scope in scopes and name in names)
        if not fits:
            raise StoredConfigError(
                f"the config in {source} builds {value!r}, which no registry has: import the "
                "module that registers it, if it is one of your own"
            )


def _called(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key in _CALLED:
            if isinstance(node.get(key), str):
                yield node[key]
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _called(each)


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _registered() -> tuple[set[str], set[str], set[str]]:
    """Names, full paths and scopes of all that mmengine's and mmseg's registries hold."""
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
        pending.extend(registry.children.values())
        scopes.add(registry.scope)
        for name, value in registry.module_dict.items():
            names.add(name)
            if inspect.isclass(value) or inspect.isfunction(value):
                paths.add(f"{value.__module__}.{value.__qualname__}")
    return names, paths, scopes
