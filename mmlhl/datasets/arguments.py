"""Checking and normalising a dataset's arguments."""

from __future__ import annotations

import copy
import math
import os
import os.path as osp
from collections.abc import Iterable, Mapping
from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmengine.fileio.backends import prefix_to_backends

from .. import config_values
from ..spelling import hint
from .annotation import IGNORE, Annotation
from .pipelines import single_steps
from .transforms import LoadImage

#: options of mmseg's datasets, and ours that replace them
_INSTEAD = {
    "data_prefix": "img=dict(dir=...) and annotations=dict(<task>=dict(dir=...))",
    "img_suffix": "img=dict(suffix=...)",
    "seg_map_suffix": "annotations=dict(<task>=dict(suffix=...))",
    "seg_map_path": "annotations=dict(<task>=dict(dir=...))",
}


def local_root(root: Any, backend_args: Mapping | None, owner: str) -> str | None:
    """The folder of a dataset with ``~`` replaced, as a shell does.

    Returns:
        The folder; None if there is none.

    Raises:
        ValueError: If it is not a path, or begins with a scheme that mmengine has no backend for.
    """
    if root is None:
        return None
    if not isinstance(root, (str, os.PathLike)):
        raise ValueError(f"data_root of {owner} is {root!r}; it must be one folder")
    path = osp.expanduser(os.fspath(root))
    scheme = path.partition("://")[0].rpartition(":")[2] if "://" in path else ""
    if scheme not in prefix_to_backends and not (backend_args or {}).get("backend"):
        known = sorted(key for key in prefix_to_backends if key)
        raise ValueError(
            f"data_root of {owner} is {path!r}, but mmengine reads no {scheme!r}; it knows {known} "
            "and local folders without a scheme"
        )
    return path


def check_img(img: Any, defaults: Mapping[str, str]) -> dict[str, str]:
    """Folder and suffix of the images.

    Raises:
        ValueError: If a key is unknown or a value is not a string.
    """
    if img is not None and not isinstance(img, Mapping):
        raise ValueError(f"img is {img!r}; it must be a dict with 'dir' and 'suffix'")
    merged = config_values.make_plain({**defaults, **(img or {})})
    unknown = sorted(set(merged) - {"dir", "suffix"})
    if unknown:
        near = hint(str(unknown[0]), ("dir", "suffix"))
        raise ValueError(
            f"img has the unknown key {unknown[0]!r}{near}; known keys: 'dir', 'suffix'"
        )
    for key, value in merged.items():
        if not isinstance(value, str):
            several = isinstance(value, (list, tuple)) and key == "suffix"
            advice = "; images of several formats are listed in an ann_file with their endings"
            raise ValueError(
                f"img[{key!r}] is {value!r}; it must be one string{advice if several else ''}"
            )
    return merged


def check_switches(options: Mapping[str, Any], owner: str) -> None:
    """Refuse values of mmengine's options that would be misread, such as ``'no'`` for a switch.

    Raises:
        ValueError: Naming the option and its value.
    """
    for key in ("test_mode", "lazy_init", "serialize_data", "reduce_zero_label"):
        if options.get(key) is not None:
            config_values.flag(options[key], f"{key} of {owner}")
    for key, least, end in (("max_refetch", 1, math.inf), ("part_seed", 0, 2**32)):
        if key not in options:
            continue
        if not least <= config_values.integer(options[key], f"{key} of {owner}") < end:
            most = "" if end == math.inf else f" and below {end}"
            raise ValueError(
                f"{key} of {owner} is {options[key]!r}; it must be at least {least}{most}"
            )


def check_split(split: str, folders: Iterable[str | None], owner: str) -> None:
    """Refuse a split that chooses nothing: training and test sets would be the same images.

    Raises:
        ValueError: If none of them has ``{split}``.
    """
    if split and not any("{split}" in (folder or "") for folder in folders):
        raise ValueError(
            f"split of {owner} is {split!r}, but no folder has {{split}} in it, so all images "
            "would be taken: write it into img['dir'] and annotations, or into ann_file"
        )


def check_listing_options(options: Mapping[str, Any], owner: str, filters: bool) -> None:
    """Refuse options of mmseg's datasets that ours replace, or that have no effect here.

    Args:
        options: The config's options besides our own arguments.
        owner: Name of the dataset's class, for messages.
        filters: Whether the class overrides ``filter_data``.

    Raises:
        ValueError: Naming the option and its replacement.
    """
    for key, ours in _INSTEAD.items():
        if options.get(key) is not None:
            raise ValueError(f"{key} of {owner} is {options[key]!r}; write {ours} instead")
    if options.get("ignore_index", IGNORE) != IGNORE:
        raise ValueError(
            f"ignore_index of {owner} is {options['ignore_index']!r}, but unknown pixels are "
            f"always {IGNORE} here; name ids of the files that are to be ignored in "
            "annotations=dict(<task>=dict(ignore=...))"
        )
    if options.get("filter_cfg") and not filters:
        raise ValueError(
            f"filter_cfg of {owner} is {options['filter_cfg']!r}, but nothing filters by it: "
            "override filter_data, or choose samples by ann_file or indices"
        )


def parse_annotations(changes: Any, defaults: Mapping, owner: str) -> dict[str, Annotation]:
    """Annotations of a dataset.

    Args:
        changes: Task -> the config's options of its annotation; None removes the annotation.
        defaults: The dataset's annotations.
        owner: Name of the dataset's class, for messages.

    Raises:
        ValueError: If there are none or one is invalid.
    """
    if changes is not None and not isinstance(changes, Mapping):
        raise ValueError(f"annotations of {owner} is {changes!r}; it must be a dict by task")
    merged: dict[str, Any] = copy.deepcopy(dict(defaults))
    for name, change in (changes or {}).items():
        if change is None:
            merged.pop(name, None)
        elif isinstance(change, Mapping):
            merged[name] = {**merged.get(name, {}), **change}
        else:
            merged[name] = change  # Annotation.from_config refuses it by name
    if not merged:
        raise ValueError(
            f"annotations of {owner} is empty; it must name at least one task, "
            "e.g. annotations=dict(seg=dict(dir='label', suffix='.png', kind='classes'))"
        )
    return {name: Annotation.from_config(name, cfg, merged) for name, cfg in merged.items()}


def with_defaults(changes: Any, **defaults: Mapping[str, Any]) -> Any:
    """Add default options to the annotations of a config, which take precedence.

    Args:
        changes: ``annotations`` of the config.
        **defaults: Task -> options of its annotation.

    Returns:
        The merged annotations. None, which removes one, is kept; so are values that are not a dict,
        which :func:`parse_annotations` refuses.
    """
    if changes is not None and not isinstance(changes, Mapping):
        return changes
    merged = dict(changes or {})
    for name, options in defaults.items():
        change = merged.get(name, {})
        if isinstance(change, Mapping):
            merged[name] = {**options, **change}
    return merged


def check_tasks(tasks: Any, annotations: Mapping[str, Annotation], owner: str) -> list[str]:
    """The tasks to read.

    Raises:
        ValueError: If it is not a list of different names, or the dataset lacks one.
    """
    if tasks is None:
        return list(annotations)
    wanted = config_values.names(tasks, "tasks")
    for task in wanted:
        if task not in annotations:
            raise ValueError(
                f"tasks names {task!r}, but {owner} has annotations only for "
                f"{list(annotations)}{hint(task, annotations)}"
            )
    return list(dict.fromkeys(wanted))


def check_fields(annotations: Mapping[str, Annotation], tasks: Iterable[str], owner: str) -> None:
    """Refuse annotations that are written into one field, of which the last would remain.

    Raises:
        ValueError: Naming the two tasks and their field.
    """
    first: dict[str, str] = {}
    for task in tasks:
        other = first.setdefault(annotations[task].key, task)  # sem_seg and seg_map share one
        if other != task:
            raise ValueError(
                f"annotations of {owner}: {other!r} and {task!r} are both written into the field "
                f"{annotations[task].field!r}, where one would replace the other; give one of them "
                f"field='{task}_map', or read one of them by tasks"
            )


def image_loader(pipeline: Any, backend_args: dict | None = None) -> LoadImageFromFile:
    """The transform with which a pipeline reads its images.

    Args:
        pipeline: Built transforms.
        backend_args: Arguments of the file backend, for a pipeline without a loader.

    Returns:
        The pipeline's own loader, or one with default options.
    """
    for step in single_steps(pipeline):
        step = getattr(step, "step", step)  # unwrap a watched transform
        if isinstance(step, LoadImageFromFile):
            return step
    return LoadImage(backend_args=backend_args)
