"""Stored pseudo labels: checks of methods, specs of storage, and a small trial."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mmengine.config import Config
from torch import nn

from ...datasets.annotation import gt_key
from ...datasets.pseudo_labels import (
    LabelFolder,
    LabelSpec,
    attach,
    encode_label,
    plain_images,
)
from ...datasets.pseudo_labels.coding import Encoded
from ...models.heads import BinaryHead, NormalHead
from ...models.methods.base_method import BaseMethod
from ...models.teachers import label_images
from .checking.agreement import only_mirrored
from .datasets import multi_task_datasets
from .label_options import KEY, LabelOptions, label_options
from .phase_model import PhaseModel
from .supply import Supply
from .trials.step import PIXELS, SIDE

#: pipeline for labelling if a config has none for tests
PLAIN = (dict(type="LoadImageFromFile"), dict(type="PackMultiTaskInputs"))


def check_method_takes(method: BaseMethod) -> None:
    """Refuse a method that needs more of the teacher than stored labels.

    Raises:
        ValueError: Naming it and what it needs.
    """
    name = type(method).__name__
    if not method.needs_teacher:
        raise ValueError(f"{KEY}.stored=True, but {name} uses no teacher: leave {KEY} out")
    if method.needs_teacher_predictions:
        what = "the teacher's probabilities, of which stored labels keep the decision only"
    elif not method.takes_stored_labels:
        what = (
            "more of the teacher than pseudo labels of the phase's images (its feature maps, or "
            "labels of kept images)"
        )
    else:
        return
    raise ValueError(
        f"{KEY}.stored=True, but {name} as configured needs {what}: leave {KEY} out, or take "
        "HAD, HADRelease or LwF without a temperature"
    )


def label_specs(model: PhaseModel, tasks: Sequence[str], dataset: Any) -> list[LabelSpec]:
    """The specs by which the labels of tasks are stored and moved.

    Raises:
        ValueError: If flips of the dataset would have to change a label's values.
    """
    specs = []
    for task in tasks:
        head = model.heads[task]
        if only_mirrored(head, dataset):
            raise ValueError(
                f"{KEY}.stored=True, but the images are flipped, which mirrors stored labels, and "
                f"{type(head).__name__}.flip of task {task!r} changes values as well: leave {KEY} "
                "out, or flip no images"
            )
        annotation = dataset.annotations.get(task)
        inverse = head.kind == "depth" and annotation is not None and annotation.inverse
        classes = head.num_classes if head.kind == "classes" else None
        bounded = isinstance(head, (BinaryHead, NormalHead))
        specs.append(
            LabelSpec(task, gt_key(head.field), head.kind, inverse, classes, None, bounded)
        )
    return specs


def encode_labels(labels: Mapping[str, Any], specs: Sequence[LabelSpec], normals: str) -> dict:
    """Encode a teacher's labels of one image for storage, by task."""
    kinds = {spec.task: spec.kind for spec in specs}
    return {
        task: encode_label(label.cpu().numpy(), kinds[task], task, normals)
        for task, label in labels.items()
    }


def stored_specs(specs: Sequence[LabelSpec], encoded: Mapping[str, Encoded]) -> list[LabelSpec]:
    """The specs, with kinds and channels by the actual labels: ``classes`` for integers."""
    found = []
    for spec in specs:
        array = encoded[spec.task].array
        changes: dict[str, Any] = dict(channels=array.shape[2] if array.ndim == 3 else 1)
        if array.dtype.kind == "u":
            changes["kind"] = "classes"
        elif spec.kind == "binary":  # transforms would treat probabilities as integers
            changes["kind"] = "channels"
        found.append(replace(spec, **changes))
    return found


def label_pipeline(cfg: Config, options: LabelOptions) -> Sequence[dict]:
    """The pipeline of the images that the teacher labels; by default that of the tests."""
    if options.pipeline is not None:
        return options.pipeline
    for key in ("test_dataloader", "val_dataloader"):
        for dataset in multi_task_datasets((cfg.get(key) or {}).get("dataset")):
            if dataset.get("pipeline"):
                return dataset["pipeline"]
    return PLAIN


def check_room(folder: str, images: int, size: int) -> str:
    """Check that the disk has enough free space for labels.

    Args:
        folder: Folder of the labels; need not exist.
        images: Number of images.
        size: Size of an image's labels in bytes.

    Raises:
        OSError: If there is not enough room.
    """
    parent = os.path.abspath(folder)
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    need, free = images * size, shutil.disk_usage(parent).free
    text = f"stored pseudo labels of {images} images take {need / 1e6:.1f} MB in {folder}"
    if need > free:
        raise OSError(
            f"{text}, where {free / 1e6:.1f} MB are free; free some, or set {KEY}.folder to "
            f"another disk or {KEY}.normals='int8'"
        )
    return f"{text}, where {free / 1e9:.1f} GB are free"


@contextmanager
def trial_labels(
    model: PhaseModel, teacher: nn.Module, supply: Supply, cfg: Config
) -> Iterator[str]:
    """Store labels of a phase's first images in a temporary folder, for a trial step.

    Yields:
        A sentence with the space on disk that the labels of the phase will need.

    Raises:
        OSError: If the disk has too little free space for them.
    """
    check_method_takes(model.method)
    options = label_options(cfg.get(KEY))
    tasks = model.old_tasks
    size = 0
    teacher.eval()
    with tempfile.TemporaryDirectory() as folder:
        pairs = attach(supply.dataset, LabelFolder(folder, [], {}))
        try:
            for number, (dataset, _) in enumerate(pairs):
                specs = label_specs(model, tasks, dataset)
                count = min(2, supply.smallest, len(dataset))
                images = plain_images(dataset, label_pipeline(cfg, options), range(count))
                own = []
                for image in [images[index] for index in range(count)]:
                    large = image["inputs"][0].numel() > PIXELS
                    found = label_images(teacher, [image], tasks, SIDE if large else 0)
                    own += [(s, encode_labels(each, specs, options.normals)) for s, each in found]
                made = LabelFolder(f"{folder}/{number}", stored_specs(specs, own[0][1]), {})
                for sample, encoded in own:
                    size = max(size, made.write(sample.metainfo["img_id"], encoded))
                dataset.stored_labels = made
            model.stored_labels = True
            yield check_room(options.folder or cfg.work_dir, supply.images, size)
        finally:
            model.stored_labels = False
            attach(supply.dataset, None)
