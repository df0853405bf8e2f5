"""YAML files, read as data.

mmengine reads YAML, in which configs may be written, with a loader that runs whatever a tag names.
"""

from __future__ import annotations

import math
from typing import Any

import yaml
from mmengine.fileio import register_handler
from mmengine.fileio.handlers import YamlHandler

_PYTHON = "tag:yaml.org,2002:python/"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MOST_VALUES, _MOST_DIGITS = 10**6, 400
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PlainLoader(_SafeLoader):
    """Reads plain data, and the tuples that mmengine writes."""

    def get_single_node(self) -> Any:
        """The document, in which aliases do not make far more of a file than it holds.

        Raises:
            ValueError: If it would have millions of values, or a number has more than 400 digits.
        """
        node = super().get_single_node()
        count = _size(node, {})
        if count > _MOST_VALUES:
            raise ValueError(f"with its aliases it holds {count:.3g} values; write plain data")
        return node


def _size(node: Any, known: dict[int, float]) -> float:
    """Values of a node, of an alias as often as it is used; infinite if it holds itself."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag in _NUMBERS and len(node.value) > _MOST_DIGITS:
            line = node.start_mark.line + 1
            raise ValueError(f"line {line} has a number of {len(node.value)} digits")
        return 1
    if node is None:
        return 0
    if id(node) not in known:
        known[id(node)] = math.inf  # until it is counted: an alias in itself
        inner = [part for pair in node.value for part in (pair if _is_pair(pair) else (pair,))]
        known[id(node)] = 1 + sum(_size(part, known) for part in inner)
    return known[id(node)]


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple)


def _refuse(loader: Any, suffix: str, node: Any) -> Any:
    raise ValueError(
        f"line {node.start_mark.line + 1} asks for Python's {suffix!r} (!!python/{suffix}), which "
        "may run code and was not run; write plain data"
    )


def _tuple(loader: Any, node: Any) -> tuple:
    return tuple(loader.construct_sequence(node, deep=True))


def _text(loader: Any, node: Any) -> str:
    return str(loader.construct_scalar(node))


PlainLoader.add_multi_constructor(_PYTHON, _refuse)
PlainLoader.add_constructor(f"{_PYTHON}tuple", _tuple)
for _name in ("str", "unicode"):
    PlainLoader.add_constructor(f"{_PYTHON}{_name}", _text)


class DataYamlHandler(YamlHandler):
    """mmengine's handler of YAML files, which runs nothing."""

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        """Read a file.

        Raises:
            ValueError: If a tag asks for a class or function, or aliases repeat each other to
                millions of values; names the line.
        """
        return yaml.load(file, **{**kwargs, "Loader": PlainLoader})


def register_yaml() -> None:
    """Replace mmengine's handler of YAML files; harmless to repeat."""
    register_handler(["yaml", "yml"])(DataYamlHandler)
