"""Checks that heads, datasets and metrics agree on fields, kinds, channels and classes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mmengine.evaluator import Evaluator
from mmengine.logging import print_log

FLOAT_KINDS = ("depth", "normal", "channels")


class OutputSpace(Protocol):
    """The members of a head that these checks use."""

    field: str
    kind: str
    num_classes: int | None


class Labelled(Protocol):
    """The members of a dataset that these checks use."""

    metainfo: Mapping[str, Any]


def check_labels(
    heads: Mapping[str, OutputSpace],
    tasks: Sequence[str],
    dataset: Labelled,
    sample: Any,
    place: str,
) -> None:
    """Refuse labels whose field, kind or number of classes differs from their head's.

    Raises:
        ValueError: Naming task, head and dataset.
    """
    given = [key.removeprefix("gt_") for key in sample.keys() if key.startswith("gt_")]
    specs = getattr(dataset, "ann_specs", {})
    for task in tasks:
        head, spec = heads[task], specs.get(task)
        if head.kind == "classes" and head.num_classes is None:
            raise ValueError(
                f"model.heads[{task!r}]: {type(head).__name__} is of kind 'classes' and has to set "
                "num_classes"
            )
        if spec is not None and spec.field != head.field:
            raise ValueError(
                f"{place}.dataset writes the annotation of {task!r} into the field "
                f"{spec.field!r}, but model.heads[{task!r}] reads {head.field!r}: give both one "
                "field"
            )
        if head.field not in given:
            raise ValueError(
                f"{place}: its samples have labels for the fields {given}, but model.heads"
                f"[{task!r}] reads {head.field!r}; does the pipeline load and pack it?"
            )
        count = class_count(dataset, head.field, spec)
        kind = getattr(spec, "kind", None)
        if kind is not None and not _fits(kind, head.kind, count):
            raise ValueError(
                f"{place}.dataset has an annotation of kind {kind!r} for task {task!r}, but "
                f"{type(head).__name__} learns {head.kind!r}"
            )
        check_count(head, f"model.heads[{task!r}]", dataset, count, place)
        if only_mirrored(head, dataset):
            print_log(
                f"{place}.dataset flips images, and the labels of {task!r} are mirrored with them; "
                f"{type(head).__name__}.flip changes values as well: add a transform that does so "
                "after the flip",
                "current",
                logging.WARNING,
            )


def check_count(
    head: OutputSpace, name: str, dataset: Labelled, count: int | None, place: str
) -> None:
    """Refuse a head with another number of classes than a dataset.

    Raises:
        ValueError: Naming both numbers.
    """
    if head.num_classes is not None and count is not None and count != head.num_classes:
        raise ValueError(
            f"{name}.num_classes is {head.num_classes}, but {place}.dataset "
            f"({type(dataset).__name__}) has {count} classes{_names(dataset, head.field)}"
        )


def only_mirrored(head: OutputSpace, dataset: object) -> bool:
    """Whether a dataset flips images whose labels would have to change their values as well.

    Args:
        head: Head of the labels. For normals the transforms change the values.
        dataset: Dataset of the images.
    """
    changes = getattr(head, "changes_when_flipped", False) and head.kind != "normal"
    return changes and "Flip" in repr(getattr(dataset, "pipeline", ""))


def classes_key(field: str) -> str:
    """Key of a field's class names in a dataset's meta information."""
    return "classes" if field == "sem_seg" else f"{field}_classes"


def class_names(dataset: Labelled, field: str) -> Sequence[str] | None:
    """Names of the classes of a field, None if the dataset has none."""
    meta = getattr(dataset, "metainfo", None) or {}
    return meta.get(classes_key(field))


def class_count(dataset: Labelled, field: str, spec: Any = None) -> int | None:
    """Number of classes of a field."""
    names = class_names(dataset, field)
    return len(names) if names else getattr(spec, "num_classes", None)


def check_names(
    heads: Mapping[str, OutputSpace],
    trained: Mapping[str, Sequence[str]],
    tested: Labelled,
    place: str,
) -> None:
    """Refuse a test set whose classes differ from those that were learned, also in their order.

    Raises:
        ValueError: Naming the first class that differs.
    """
    for task, head in heads.items():
        if head.num_classes is None:
            continue
        ours, theirs = trained.get(task), class_names(tested, head.field)
        for index, (a, b) in enumerate(zip(ours or (), theirs or (), strict=False)):
            if a != b:
                raise ValueError(
                    f"{place}.dataset calls class {index} of task {task!r} {b!r}, but "
                    f"train_dataloader.dataset of its phase calls it {a!r}: they have to be the "
                    "same classes in the same order"
                )


def check_evaluator(heads: Mapping[str, OutputSpace], evaluator: Evaluator, place: str) -> None:
    """Refuse metrics whose number of classes differs from their task's head, or their order.

    Raises:
        ValueError: Naming metric, task and both numbers.
    """
    tasks = getattr(evaluator, "tasks", [None] * len(evaluator.metrics))
    for task, metric in zip(tasks, evaluator.metrics, strict=True):
        head = heads.get(task)
        if head is None or head.num_classes is None or not hasattr(type(metric), "names"):
            continue
        if len(metric.names) != head.num_classes:
            raise ValueError(
                f"{place}.metrics[{task!r}] ({type(metric).__name__}) counts {len(metric.names)} "
                f"classes, but model.heads[{task!r}].num_classes is {head.num_classes}"
            )
        known = (metric.dataset_meta or {}).get(classes_key(head.field))
        if known and sorted(known) == sorted(metric.names) and list(known) != list(metric.names):
            raise ValueError(
                f"{place}.metrics[{task!r}] ({type(metric).__name__}) has the classes in the order "
                f"{list(metric.names)}, the dataset in the order {list(known)}: leave class_names "
                "out"
            )


def _fits(labels: str, head: str, classes: int | None) -> bool:
    """Whether a head can learn labels of a kind."""
    if labels in FLOAT_KINDS or head in FLOAT_KINDS:
        same = labels == head or "channels" in (labels, head)
        return same and labels in FLOAT_KINDS and head in FLOAT_KINDS
    return labels == head or head == "classes" or classes == 2


def _names(dataset: Labelled, field: str) -> str:
    names = class_names(dataset, field)
    if not names:
        return ""
    shown = ", ".join(map(str, names[:4])) + (", ..." if len(names) > 4 else "")
    return f" ({shown})"
