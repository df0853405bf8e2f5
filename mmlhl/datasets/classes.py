"""Classes in the files, classes of the dataset, and the mapping of ids between them."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import mmengine.fileio as fileio

from .. import config_values
from ..spelling import near_miss, nearest
from .annotation import IGNORE, Annotation
from .reading import read_lines

#: other names of a metainfo's keys
_OTHER_NAMES = {"class": "classes", "class_names": "classes", "pallete": "palette"}


def stored_classes(
    annotations: Mapping[str, Annotation], metainfo: Mapping[str, Any]
) -> dict[str, Any]:
    """Names and colours of the classes in the files.

    Args:
        annotations: Annotations by task; that of the field ``sem_seg`` may name the classes.
        metainfo: ``METAINFO`` of the dataset's class, used otherwise.

    Returns:
        Dictionary with ``classes`` and ``palette`` if they are known.
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
    """Put a dataset's options for its labels into the annotation.

    Args:
        ann: Annotation of the field ``sem_seg``.
        metainfo: Metainfo of the dataset, with ``classes``.
        label_map: Mapping of ids to a subset of the classes.
        shift: ``reduce_zero_label`` of the dataset.

    Returns:
        The annotation with ``num_classes``, ``label_map`` and ``reduce_zero_label``.

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
        classes=None,  # they may be more than the dataset's subset, which num_classes counts
        palette=None,
        label_map=_in_a_row(ann, label_map),
        reduce_zero_label=shift or ann.reduce_zero_label,
    )


def _in_a_row(ann: Annotation, label_map: dict | None) -> Mapping[int, int] | None:
    """The annotation's own ``label_map``, followed by that of a subset of the classes."""
    if not (ann.label_map and label_map):
        return label_map or ann.label_map
    subset = {**label_map, IGNORE: IGNORE}
    for old, new in ann.label_map.items():
        if new not in subset:
            raise ValueError(
                f"annotations[{ann.name!r}]['label_map'] turns class {old} into {new}; expected "
                f"one of the classes 0..{len(label_map) - 1}, or 255 for ignored"
            )
    return {old: subset[new] for old, new in ann.label_map.items()}


def resolve_classes(
    metainfo: Mapping[str, Any] | None,
    stored: Mapping[str, Any],
    data_root: str | None = None,
    owner: str = "dataset",
) -> tuple[dict[str, Any], dict[int, int] | None]:
    """The classes of a dataset, and the mapping of the ids in its files to them.

    Args:
        metainfo: ``metainfo`` of the config: ``classes``, a list of names or a text file with one
            name per line, ``palette``, and anything else.
        stored: ``classes`` and ``palette`` of the files; empty if unknown.
        data_root: Folder in which a file of names is looked for, besides the current one.
        owner: Name of the dataset's class, for messages.

    Returns:
        The metainfo with names and colours; and stored id -> id in the dataset, 255 for classes
        that are left out, or None if ids are not changed.

    Raises:
        ValueError: If names are repeated, or are not among the stored ones, or a key is
            ``classes`` or ``palette`` in another spelling.
    """
    if metainfo is not None and not isinstance(metainfo, Mapping):
        raise ValueError(f"metainfo of {owner} is {metainfo!r}; it must be a dict")
    for source, keys in (("metainfo", metainfo or {}), ("METAINFO", stored)):
        for key in keys:
            low = str(key).lower()
            meant = _OTHER_NAMES.get(low) or near_miss(low, ("classes", "palette"))
            if meant is not None and meant != key:
                raise ValueError(f"{source}[{key!r}] of {owner} is not read: write {meant!r}")
    given = {key: value for key, value in (metainfo or {}).items() if value is not None}
    result = {**stored, **given}
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
        near = nearest(strange[0], known)
        hint = f"did you mean {near!r}? " if near else ""
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
        data_root: Folder in which the file is looked for, besides the current one.

    Raises:
        ValueError: If it is not a list of different names.
    """
    if isinstance(value, (str, os.PathLike)):
        value = os.fspath(value)
        paths = [osp.expanduser(value)] + ([osp.join(data_root, value)] if data_root else [])
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


def check_field_names(
    annotations: Iterable[Annotation], metainfo: Mapping[str, Any], owner: str
) -> None:
    """Refuse names of classes in the metainfo that contradict an annotation of another field.

    Only labels of ``sem_seg`` follow the metainfo's classes.

    Raises:
        ValueError: Naming the key, its value and the annotation's classes.
    """
    for ann in annotations:
        key = f"{ann.field}_classes"
        if ann.field == "sem_seg" or metainfo.get(key) is None or ann.num_classes is None:
            continue
        names = config_values.names(metainfo[key], f"metainfo[{key!r}] of {owner}")
        own = tuple(ann.classes) if ann.classes is not None else names
        if names != own or len(names) != ann.num_classes:
            classes = own if ann.classes is not None else f"{ann.num_classes} classes"
            raise ValueError(
                f"metainfo[{key!r}] of {owner} is {names}, but the files of annotations"
                f"[{ann.name!r}] hold {classes}; name them in the annotation's 'classes' alone"
            )


def field_metainfo(annotations: Iterable[Annotation]) -> dict[str, Any]:
    """Metainfo of fields other than ``sem_seg``: names, colours and units.

    Returns:
        ``<field>_classes`` and ``<field>_palette`` of further class tasks, and ``<field>_unit`` of
        depth: ``m`` or ``inverse depth``.
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


def check_label_options(
    annotations: Mapping[str, Annotation],
    metainfo: Mapping[str, Any],
    chosen: bool,
    shift: bool,
    owner: str,
) -> None:
    """Refuse options of a dataset for the field ``sem_seg`` that would not reach its labels.

    Args:
        annotations: All annotations of the dataset by task.
        metainfo: The dataset's metainfo.
        chosen: Whether ``metainfo['classes']`` is given by the config.
        shift: ``reduce_zero_label`` of the dataset.
        owner: Name of the dataset's class, for messages.

    Raises:
        ValueError: Naming the option and the annotation that needs it.
    """
    others = [ann for ann in annotations.values() if ann.kind == "classes"]
    stored = [ann for ann in others if ann.field == "sem_seg" and ann.source is None]
    if shift and not stored:
        near = f" of annotations[{others[0].name!r}]" if others else ""
        raise ValueError(
            f"reduce_zero_label of {owner} is True, but acts on stored classes of the field "
            f"'sem_seg' only, which no annotation has; set reduce_zero_label{near} or leave it out"
        )
    if not chosen or any(ann.field == "sem_seg" for ann in annotations.values()):
        return
    names = tuple(metainfo.get("classes") or ())
    for ann in others:
        own = tuple(ann.classes) if ann.classes is not None else None
        subset = own is not None and names != own and set(names) <= set(own)
        if subset or (own is None and ann.num_classes not in (None, len(names))):
            raise ValueError(
                f"metainfo['classes'] of {owner} is {names}, but no annotation has the field "
                f"'sem_seg', whose labels follow it; give annotations[{ann.name!r}] "
                "field='sem_seg', or its own 'label_map'"
            )
