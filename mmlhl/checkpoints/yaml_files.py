"""YAML files, read as data.

mmengine reads YAML, in which configs may be written, with a loader that runs whatever a tag names.
"""

from __future__ import annotations

from typing import Any

import yaml
from mmengine.fileio import register_handler
from mmengine.fileio.handlers import YamlHandler

_PYTHON = "tag:yaml.org,2002:python/"
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PlainLoader(_SafeLoader):
    """Reads plain data, and the tuples that mmengine writes."""


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

        Args:
            file: The open file.
            **kwargs: Options of ``yaml.load``; its loader is replaced.

        Raises:
            ValueError: If a tag asks for a class or function; names the line.
        """
        return yaml.load(file, **{**kwargs, "Loader": PlainLoader})


def register_yaml() -> None:
    """Replace mmengine's handler of YAML files; harmless to repeat."""
    register_handler(["yaml", "yml"])(DataYamlHandler)
