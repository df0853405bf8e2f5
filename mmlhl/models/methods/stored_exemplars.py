"""Exemplars read from a checkpoint that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .protocols import Learner
from .stored_state import MOST_PHASES, entry, whole_number


def read_exemplars(state: Any) -> list[dict]:
    """The exemplars in the state of a buffer.

    Raises:
        ValueError: If one is not of the form of an ``Exemplar``; names it.
    """
    items = entry(state, "items")
    if not isinstance(items, (list, tuple)):
        raise ValueError(f"items is a {type(items).__name__}, it must be a list of images")
    for index, item in enumerate(items):
        try:
            _check(item)
        except ValueError as error:
            raise ValueError(f"image {index}: {error}") from None
    return list(items)


def check_exemplars(items: list[dict], model: Learner, method: str) -> None:
    """Check that a model has the heads of stored labels and outputs.

    Raises:
        ValueError: Naming tasks without a head, labels of another number of channels, and ids that
            are no class.
    """
    for item in items:
        for task in (*item["labels"], *item["outputs"]):
            if task not in model.heads:
                raise ValueError(
                    f"{method} keeps images with maps of {task!r}, which is no task of this model; "
                    "resume the sequence that the checkpoint is of"
                )
        for task, label in item["labels"].items():
            classes = getattr(model.heads[task], "num_classes", None)
            ids = not label.is_floating_point()
            if ids and classes is not None and label.numel():
                # padding and void are 255 whatever ignore_index is
                kept = label[(label != model.heads[task].ignore_index) & (label != 255)]
                if kept.numel() and not 0 <= int(kept.min()) <= int(kept.max()) < classes:
                    raise ValueError(
                        f"{method} keeps a label of {task!r} with ids up to {int(kept.max())}, the "
                        f"head has {classes} classes"
                    )


def _check(item: Any) -> None:
    if not isinstance(entry(item, "labels"), Mapping) or not isinstance(
        entry(item, "outputs"), Mapping
    ):
        raise ValueError("labels and outputs must be dicts of tensors")
    whole_number(item, "phase", MOST_PHASES)
    image, valid = entry(item, "image"), entry(item, "valid")
    _check_map("image", image)
    if not image.is_floating_point() or not image.isfinite().all():
        raise ValueError("image must be of floating point and finite")
    size = image.shape[1:]
    if valid is not None:
        right = isinstance(valid, Tensor) and valid.dtype == torch.bool and valid.shape == size
        if not right:
            raise ValueError("valid must be None or a boolean map of the image's size")
    for task, label in item["labels"].items():
        _check_map(f"labels[{task!r}]", label)
        if label.shape[1:] != size:
            raise ValueError(
                f"labels[{task!r}] has the size {tuple(label.shape[1:])}, the image {tuple(size)}"
            )
    for task, output in item["outputs"].items():
        _check_map(f"outputs[{task!r}]", output)
        if not output.isfinite().all():
            raise ValueError(f"outputs[{task!r}] has values that are NaN or infinite")


def _check_map(name: str, value: Any) -> None:
    if not isinstance(value, Tensor) or value.ndim != 3 or not value.numel() or value.is_sparse:
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{name} must be a map (channels, height, width), not {shape}")
