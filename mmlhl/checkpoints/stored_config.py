"""The config in a checkpoint, read as data.

mmengine stores a config as Python text and reads it back by running it. A checkpoint may come from
anybody, so here its text is only parsed, and it may build registered classes only.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config.config import RESERVED_KEYS

from ..explaining import is_shown
from ..unregistered import unregistered
from .trust import checkpoints_are_trusted
from .walking import DEPTH, spread

_NUMBERS = {"inf": float("inf"), "nan": float("nan")}
#: Beginning of a template, which mmengine replaces before it runs a text, for example by an
#: environment variable: quotes in it could end a string, and the rest would be run.
_TEMPLATE = "{{"
#: Beginning of the comment that replaces a text that must not be run.
_REFUSED = "# refused: "
#: Beginning of a text whose imports were removed.
_LEFT_OUT = "# custom_imports: "


class StoredConfigError(ValueError):
    """The config in a checkpoint is not plain data, or builds a class that is not registered."""


def parse_config_text(text: str, source: str = "the config") -> dict[str, Any]:
    """Read a config that mmengine dumped, without running it.

    Args:
        text: Lines such as ``key = dict(...)``; values are literals, ``dict(...)`` or both nested.
        source: Name of the text in messages.

    Raises:
        StoredConfigError: If the text contains anything else; names the line.
    """
    try:
        tree = ast.parse(text)
        config = {}
        for statement in tree.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if len(targets) != 1 or not isinstance(targets[0], ast.Name):
                raise _refusal(source, statement)
            config[targets[0].id] = _value(statement.value, source)  # type: ignore[attr-defined]
    except StoredConfigError:
        raise
    except (SyntaxError, RecursionError, MemoryError, TypeError, ValueError) as error:
        raise StoredConfigError(f"{source} is not plain data: {error}") from error
    return config


def _refusal(source: str, node: ast.AST) -> StoredConfigError:
    written = ast.unparse(node)
    shown = written if len(written) <= 60 else f"{written[:57]}..."
    return StoredConfigError(
        f"{source}, line {getattr(node, 'lineno', '?')}, is not plain data and was not run: {shown}"
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

    Returns:
        Plain data; None if the checkpoint has no config.

    Raises:
        StoredConfigError: If the config is not plain data, or would call something unregistered.
    """
    for holder, key in _texts(checkpoint):
        text = holder[key]
        if text.startswith(_REFUSED):
            raise StoredConfigError(text.removeprefix(_REFUSED))
        return _checked(text, source)
    return None


def defuse(checkpoint: Mapping[str, Any], source: str) -> None:
    """Make the config texts in a checkpoint safe to run.

    mmengine runs them when it resumes, and when an inferencer is given only weights.

    Args:
        checkpoint: As it was loaded. A text that is not plain data, or that would build
            something unregistered, is replaced by a comment, which :func:`stored_config` raises as
            an error.
        source: Its file.
    """
    for holder, key in _texts(checkpoint):
        try:
            config = _checked(holder[key], source)
        except StoredConfigError as error:
            reason = " ".join(str(error).split())
            holder[key] = _REFUSED + reason.replace(_TEMPLATE, "{ {")
            continue
        new = [] if checkpoints_are_trusted() else _not_imported(config)
        reads_files = "_base_" in config or bool(new)
        if reads_files or _TEMPLATE in holder[key]:
            dropped = ("_base_", "custom_imports") if reads_files else ()
            kept = {k: v for k, v in config.items() if k not in dropped}
            lines = [f"{name} = {value!r}" for name, value in kept.items()]
            if new:
                listed = " ".join(", ".join(new).split())
                lines.insert(0, f"{_LEFT_OUT}{listed}")
            # Python reads the same strings, but mmengine finds no template to replace
            holder[key] = "\n".join(lines).replace(_TEMPLATE, "{\\x7b")


def own_modules(checkpoint: Mapping[str, Any]) -> list[str]:
    """The modules not imported yet that a checkpoint's config would import."""
    for holder, key in _texts(checkpoint):
        first = holder[key].partition("\n")[0]
        if first.startswith(_LEFT_OUT):
            return first.removeprefix(_LEFT_OUT).split(", ")
        try:
            return _not_imported(parse_config_text(holder[key]))
        except StoredConfigError:
            return []
    return []


def _not_imported(config: Mapping[str, Any]) -> list[str]:
    imports = (config.get("custom_imports") or {}).get("imports") or []
    imports = [imports] if isinstance(imports, str) else imports
    return [name for name in imports if name not in sys.modules]


def _checked(text: str, source: str) -> dict[str, Any]:
    config = parse_config_text(text, f"the config in {source}")
    imports = config.get("custom_imports")
    names = imports.get("imports", ()) if isinstance(imports, dict) else imports
    if not isinstance(names or "", (str, list, tuple)) or (imports and imports is names):
        raise StoredConfigError(
            f"the config in {source} has custom_imports={imports!r}; it must be dict(imports=[...])"
        )
    for name in [names] if isinstance(names, str) else names or ():
        if not isinstance(name, str):
            raise StoredConfigError(
                f"the config in {source} imports {name!r:.60}, which is no name of a module"
            )
    reserved = next((key for key in config if key in RESERVED_KEYS), None)
    if reserved is not None:
        raise StoredConfigError(
            f"the config in {source} has {reserved!r}, a name of mmengine's own"
        )
    too_deep = spread(config)[1] > DEPTH
    misshapen = f"it is nested more than {DEPTH} deep" if too_deep else _misshapen(config)
    if misshapen:
        raise StoredConfigError(f"the config in {source} is damaged: {misshapen}")
    name = unregistered(config)
    if name is not None:
        raise StoredConfigError(
            f"the config in {source} builds {name!r}, which is in no registry: import the "
            "module that registers it, if it is one of your own"
        )
    return config


def _misshapen(config: Mapping[str, Any]) -> str | None:
    """The first part of a model's config that is no dict; other parts may be anything."""
    model = config.get("model")
    heads = model.get("heads") if isinstance(model, Mapping) else None
    for task in heads if isinstance(heads, Mapping) else ():
        if not isinstance(task, str) or not is_shown(task):
            return f"model.heads has a task named {task!r:.60}"
    parts: dict[str, Any] = {"model": model}
    for key in ("backbone", "heads", "data_preprocessor", "method", "test_cfg", "student"):
        parts[f"model.{key}"] = model.get(key) if isinstance(model, Mapping) else None
    heads = parts["model.heads"]
    parts.update({f"model.heads.{k}": v or 0 for k, v in heads.items()} if _is_dict(heads) else {})
    for place, value in parts.items():
        foreign = place == "model.heads" and isinstance(value, list)  # of another framework
        if value is not None and not _is_dict(value) and not foreign:
            return f"{place} is {value!r:.60}, not a dict"
    return None


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)


def _texts(checkpoint: Mapping[str, Any]) -> Iterator[tuple[dict, str]]:
    """The places of config texts in a checkpoint: a dict, and the key in it."""
    hub = checkpoint.get("message_hub")
    holders = [checkpoint.get("meta"), hub.get("runtime_info") if isinstance(hub, dict) else None]
    for holder in holders:
        for key in ("cfg", "config"):  # older versions of mmengine write and read "config"
            if isinstance(holder, dict) and isinstance(holder.get(key), str):
                yield holder, key
