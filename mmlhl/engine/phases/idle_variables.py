"""Variables of a base that a config file sets anew, after the base has used them."""

from __future__ import annotations

import ast
import logging
import os
from collections.abc import Collection, Mapping

from mmengine.logging import print_log

from ...config_files import with_bases


def check_idle_variables(path: str | os.PathLike, acting: Collection[str]) -> None:
    """Refuse variables that are set without an effect.

    ``crop_size`` of a base, for example, is a variable with which the base writes its pipelines. A
    file that inherits from it and sets ``crop_size`` changes the variable, and no pipeline. In a
    base that is a warning, since some of mmseg's own configs do so.

    Args:
        path: A config file in Python; others have no variables. Bases in ``_base_`` are looked at,
            those of ``read_base()`` are not.
        acting: Names that are read from the config itself, such as ``train_cfg``.

    Raises:
        ValueError: Naming the file, the line and the variable.
    """
    first, *_ = paths = list(dict.fromkeys(with_bases(os.path.abspath(path))))
    files = {each: _parsed(each) for each in paths}
    for file in paths:
        for variable, value in _idle(file, files).items():
            if variable in acting or variable.startswith("_"):
                continue
            message = (
                f"{file}: line {value.lineno} sets {variable}, but its base has used that variable "
                f"already, so this changes nothing: set the entries that are made of {variable} as "
                "well, or leave it out"
            )
            if file == first:
                raise ValueError(message)
            print_log(message, "current", logging.WARNING)


def _idle(file: str, files: Mapping[str, ast.Module]) -> dict[str, ast.expr]:
    """The variables that a file sets to another value than its bases, and nothing reads."""
    bases = [files[each] for each in with_bases(file) if each != file]
    others = [tree for each, tree in files.items() if each != file]
    read = _loaded(files[file]).union(*map(_from_base, others))
    found = {}
    for variable, value in _assigned(files[file]).items():
        before = [_assigned(base).get(variable) for base in bases if variable in _loaded(base)]
        given = [ast.dump(each) for each in before if each is not None]
        if given and variable not in read and given != [ast.dump(value)] * len(given):
            found[variable] = value
    return found


def _parsed(path: str) -> ast.Module:
    if os.path.splitext(path)[1] != ".py":
        return ast.Module([], [])
    try:
        with open(path, encoding="utf-8") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):  # left to the file's reading
        return ast.Module([], [])


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """The variables that a file sets at its top level, and their values."""
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({each.id: node.value for each in targets if isinstance(each, ast.Name)})
    return found


def _loaded(tree: ast.Module) -> set[str]:
    """The names that a file reads or deletes."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in names if not isinstance(node.ctx, ast.Store)}


def _from_base(tree: ast.Module) -> set[str]:
    """The variables of its bases that a file reads, as in ``{{_base_.crop_size}}``."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "_base_"
    }
