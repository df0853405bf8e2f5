"""Which classes the files hold, which are wanted, and how their ids are mapped."""

from __future__ import annotations

import difflib
import os.path as osp
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import mmengine.fileio as fileio

from .. import config_values
from .annotation import IGNORE, Annotation
from .reading import read_lines


def stored_classes(
    annotations: Mapping[str, Annotation], metainfo: Mapping[str, Any]
) -> dict[str, Any]:
    """Names and colours of the classes in the files.

    Args:
        annotations: The annotation of the field ``sem_seg`` may name them.
        metainfo: Those of the dataset's class, which counts otherwise.

    Returns:
        Dictionary with ``classes`` and ``palette`` where they are known.
    """
    for ann in annotations.values():
        if ann.field == "sem_seg" and ann.classes is not None:
            own: dict[str, Any] = dict(classes=tuple(ann.classes))
            if ann.palette is not None:
                own["palette"] = [list(colour) for colour in ann.palette]
            rest = {k: v for k, v in metainfo.items() if k not in ("classes", "palette")}
            return {**rest, **own}
    return dict(metainfo)


def with_steps(
    ann: Annotation, metainfo: Mapping[str, Any], label_map: dict | None, shift: bool
) -> Annotation:
    """An annotation with what mmseg's datasets know of their labels.

    Args:
        ann: Annotation of the field ``sem_seg``.
        metainfo: ``classes`` of the dataset.
        label_map: What a subset of the classes makes of the ids.
        shift: Whether id 0 is ignored and the others move down by one.

    Returns:
        The annotation with count, subset and shift.

    Raises:
        ValueError: If the count contradicts the classes.
    """
    names = metainfo.get("classes")
    count = ann.num_classes
    if names:
        if count not in (None, len(names), len(label_map or names)):
            raise ValueError(
                f"annotations[{ann.name!r}]['num_classes'] is {count}, but metainfo['classes'] has "
                f"{len(names)} names"
            )
        count = len(names)
    return replace(
        ann,
        num_classes=count,
        classes=None,  # they may be more than the wanted ones that the count is about
        palette=None,
        label_map=label_map or ann.label_map,
        reduce_zero_label=shift or ann.reduce_zero_label,
    )


def resolve_classes(
    metainfo: Mapping[str, Any] | None,
    stored: Mapping[str, Any],
    data_root: str | None = None,
    owner: str = "dataset",
) -> tuple[dict[str, Any], dict[int, int] | None]:
    """The classes that a dataset offers, and how the ids in its files become theirs.

    Args:
        metainfo: What a config gives: ``classes``, a list of names or a text file with one name a
            line, ``palette``, and anything else.
        stored: ``classes`` and ``palette`` that the files hold; empty where unknown.
        data_root: Where a file of names is looked for, beside the current folder.
        owner: Name of the dataset's class, for messages.

    Returns:
        The metainfo with lists of names and their colours; and stored id -> wanted id, 255 for
        classes that are not wanted, or None where the ids stay as they are.

    Raises:
        ValueError: If the names are no list of different names, or not among the stored ones.
    """
    if metainfo is not None and not isinstance(metainfo, Mapping):
        raise ValueError(f"metainfo of {owner} is {metainfo!r}; it must be a dict")
    result = {**stored, **(metainfo or {})}
    if metainfo is None or metainfo.get("classes") is None:
        return result, None
    where = f"metainfo['classes'] of {owner}"
    wanted = class_names(metainfo["classes"], where, data_root)
    result["classes"] = wanted
    known = tuple(stored.get("classes") or ())
    if not known or wanted == known:
        return result, None
    strange = [name for name in wanted if name not in known]
    if strange:
        near = difflib.get_close_matches(strange[0], known, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(
            f"{where} names {strange[0]!r}, which the files do not hold; {hint}They hold {known}. "
            "If they hold other classes, name those in the annotation's 'classes'"
        )
    label_map = {i: wanted.index(n) if n in wanted else IGNORE for i, n in enumerate(known)}
    palette = result.get("palette")
    of_stored = "palette" not in metainfo or len(palette or ()) == len(known) != len(wanted)
    if palette and of_stored:
        result["palette"] = [palette[known.index(name)] for name in wanted]
    return result, label_map


def class_names(value: Any, where: str, data_root: str | None = None) -> tuple[str, ...]:
    """Names of classes.

    Args:
        value: A list of names, or a text file with one name per line.
        where: The config's key, for messages.
        data_root: Where the file is looked for, beside the current folder.

    Returns:
        The names.

    Raises:
        ValueError: If it is not a list of different names.
    """
    if isinstance(value, str):
        paths = [value] + ([osp.join(data_root, value)] if data_root else [])
        path = next((p for p in paths if _is_file(p)), None)
        if path is None:
            raise ValueError(
                f"{where} is the string {value!r}, but there is no such file; it must be a list of "
                f"names, e.g. [{value!r}], or a text file with one name per line"
            )
        names: Sequence[str] = [line for _, line in read_lines(path, "list of classes")]
    else:
        names = config_values.names(value, where)
    for name in names:
        if list(names).count(name) > 1:
            raise ValueError(f"{where} names {name!r} twice")
    return tuple(names)


def _is_file(path: str) -> bool:
    try:
        return fileio.isfile(path)
    except (ImportError, OSError, ValueError):
        return False


def field_metainfo(annotations: Iterable[Annotation]) -> dict[str, Any]:
    """Names, colours and units of the maps that mmseg's own ``metainfo`` has no place for.

    Args:
        annotations: All annotations of a dataset.

    Returns:
        ``<field>_classes`` and ``<field>_palette`` of classes other than the dataset's own, and
        ``<field>_unit`` of depth: metres, or that it is inverse depth.
    """
    found: dict[str, Any] = {}
    for ann in annotations:
        if ann.classes is not None and ann.field != "sem_seg":
            found[f"{ann.field}_classes"] = tuple(ann.classes)
            if ann.palette is not None:
                found[f"{ann.field}_palette"] = [list(colour) for colour in ann.palette]
        if ann.kind == "depth":
            found[f"{ann.field}_unit"] = "inverse depth" if ann.inverse else "m"
    return found
