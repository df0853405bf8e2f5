"""Keys that a config file gives twice in one dictionary, of which the last would win silently."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable, Hashable, Iterable, Iterator

import yaml

_MERGE = "tag:yaml.org,2002:merge"


def repeated_keys(path: str | os.PathLike) -> list[str]:
    """The repeated keys of a config file, without its bases.

    In Python that is a dictionary written with braces; ``dict(a=1, a=2)`` is a syntax error anyway.

    Returns:
        One text per key, such as ``"line 3 gives 'lr' a second time"``. None of a file that cannot
        be read, since reading it for its use raises the error.
    """
    find = _READERS.get(os.path.splitext(path)[1])
    if find is None:
        return []
    try:
        with open(path, encoding="utf-8-sig") as file:
            return list(find(file.read()))
    except (OSError, SyntaxError, ValueError, RecursionError, yaml.YAMLError):
        return []


def _twice(keys: Iterable[tuple[Hashable, str]]) -> Iterator[str]:
    """Texts of keys that were given before, each with its place or nothing."""
    seen = set()
    for key, place in keys:
        if key in seen:
            yield f"{place or 'it'} gives {key!r} a second time"
        seen.add(key)


def _in_python(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            yield from _twice(
                (key.value, f"line {key.lineno}")
                for key in node.keys
                if isinstance(key, ast.Constant)
            )


def _in_json(text: str) -> Iterator[str]:
    found: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> dict:
        found.extend(_twice((key, "") for key, _ in pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=note)
    yield from found


def _in_yaml(text: str) -> Iterator[str]:
    nodes = [yaml.compose(text, Loader=yaml.SafeLoader)]
    done = set()
    while nodes:
        node = nodes.pop(0)
        if id(node) in done:  # an alias
            continue
        done.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        if isinstance(node, yaml.MappingNode):
            nodes += [child for pair in node.value for child in pair]
            # by their tags, as 1 and "1" are two keys; "<<" merges, and may do so twice
            by_tag: dict[str, list[yaml.ScalarNode]] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                    by_tag.setdefault(key.tag, []).append(key)
            for keys in by_tag.values():
                yield from _twice((key.value, f"line {key.start_mark.line + 1}") for key in keys)


_READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".py": _in_python,
    ".json": _in_json,
    ".yaml": _in_yaml,
    ".yml": _in_yaml,
}
