"""Variables of a config file that change nothing: a base has used them, or nothing reads them."""

from __future__ import annotations

import ast
import filecmp
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import mmseg
from mmengine.logging import print_log

from ....config_files import with_bases
from ....config_values import entries

#: options that a config often leaves at their defaults, and where they belong
_PLACES = {
    **dict.fromkeys(("max_epochs", "max_iters", "val_interval", "val_begin"), "train_cfg"),
    **dict.fromkeys(("clip_grad", "accumulative_counts", "paramwise_cfg"), "optim_wrapper"),
    **dict.fromkeys(("save_best", "max_keep_ckpts"), "default_hooks.checkpoint"),
    **dict.fromkeys(("frozen_stages", "norm_eval", "init_cfg"), "model.backbone"),
}


def check_idle_variables(
    path: str | os.PathLike, acting: Collection[str], cfg: Mapping | None = None
) -> None:
    """Refuse variables that are set without an effect.

    ``crop_size`` of a base, for example, is a variable with which the base writes its pipelines. A
    file that inherits from it and sets ``crop_size`` changes the variable, and no pipeline. In a
    base that is a warning, since some of mmseg's own configs do so. A variable that nothing reads
    and that is called like an option further down, such as ``batch_size``, is refused as well if
    it has a value that the option has nowhere.

    Args:
        path: A config file in Python; others have no variables.
        acting: Names that are read from the config itself, such as ``train_cfg``.
        cfg: The config that was read from the file, to compare options with.

    Raises:
        ValueError: Naming the file, the line and the variable.
    """
    for in_base, message in idle_variables(path, acting):
        if not in_base:
            raise ValueError(message)
        print_log(message, "current", logging.WARNING)
    files = _trees(path)
    if cfg is not None and (len(files) > 1 or variables_read(path) is not None):  # no dump
        _check_misplaced(files, acting, cfg)


def idle_variables(path: str | os.PathLike, acting: Collection[str]) -> Iterator[tuple[bool, str]]:
    """Variables that a file or one of its bases sets anew after their use.

    Yields:
        Whether it is in a base, and a message with the file, the line and the variable.
    """
    files = _trees(path)
    for index, file in enumerate(files):
        for variable, value in _idle(file, files).items():
            if variable not in acting and not variable.startswith("_"):
                yield (
                    bool(index),
                    f"{file}: line {value.lineno} sets {variable}, but its base has used that "
                    "variable already, so this changes nothing: set the entries that are made of "
                    f"{variable} as well, or leave it out",
                )


def _trees(path: str | os.PathLike) -> dict[str, ast.Module]:
    """A config file and all that it inherits from, parsed, the file itself first."""
    paths = dict.fromkeys(with_bases(os.path.abspath(path)))
    return {each: _parsed(each) for each in paths}


def variables_read(path: str | os.PathLike | None) -> set[str] | None:
    """The variables that a config file and its bases read.

    Returns:
        Their names. None if that is unknown: there is no file in Python, or it is the dump of a
        config, in which no variable is read any more.
    """
    if path is None or os.path.splitext(path)[1] != ".py":
        return None
    files = _trees(path)
    read = set().union(*map(_loaded, files.values()), *map(_from_base, files.values()))
    dumped = len(files) == 1 and not any(read & set(_assigned(tree)) for tree in files.values())
    return None if dumped else read


def left_by_mmseg(path: str | os.PathLike | None) -> set[str]:
    """The variables of a config that only configs of the installed mmseg, or copies of them, set.

    Returns:
        Their names; some of mmseg's configs still have keys that mmengine no longer reads.
    """
    if path is None or os.path.splitext(path)[1] != ".py":
        return set()
    theirs: set[str] = set()
    others: set[str] = set()
    for each in with_bases(os.path.abspath(path)):
        (theirs if _is_mmsegs(each) else others).update(_assigned(_parsed(each)))
    return theirs - others


def _is_mmsegs(path: str) -> bool:
    """Whether a config is one of the installed mmseg's, or a copy of it, as in a clone."""
    package = os.path.dirname(os.path.abspath(mmseg.__file__))
    if path.startswith(package + os.sep):
        return True
    parts = path.split(os.sep)
    twins = (os.path.join(package, ".mim", "configs", *parts[-depth:]) for depth in (2, 3))
    return any(os.path.isfile(each) and filecmp.cmp(path, each, shallow=False) for each in twins)


def _check_misplaced(
    files: Mapping[str, ast.Module], acting: Collection[str], cfg: Mapping[str, Any]
) -> None:
    """Refuse a variable of the first file that is meant for an option further down."""
    (file, tree), *bases = files.items()
    read = _loaded(tree).union(*(_assigned(base) for _, base in bases))
    read_by = {key: value for key, value in cfg.items() if key in acting}
    for variable, node in _assigned(tree).items():
        if variable in read or variable in acting or variable.startswith("_"):
            continue
        places = dict(entries(read_by, variable))
        if variable in _PLACES:
            places.setdefault(f"{_PLACES[variable]}.{variable}", None)
        if not places or variable not in cfg or cfg[variable] in places.values():
            continue
        raise ValueError(
            f"{file}: line {node.lineno} sets {variable}, which nothing reads: did you mean "
            f"{next(iter(places))}? A variable that is meant to be unused may be called "
            f"_{variable}"
        )


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
