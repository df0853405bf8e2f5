"""Stored pseudo labels: computing them for whole images, and reading them in a training step."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .committee import teaching


@torch.no_grad()
def label_images(
    teacher: nn.Module, images: Sequence[Mapping[str, Any]], tasks: Sequence[str], side: int = 0
) -> Iterator[tuple[Any, dict[str, Tensor]]]:
    """A teacher's pseudo labels of images, at their original size.

    The teacher predicts as in tests: whole or by a sliding window, with padding, flips and resizing
    of the view undone.

    Args:
        teacher: A frozen lifelong segmentor, or a committee of them.
        images: Outputs of a test pipeline, each with ``inputs`` and ``data_samples``.
        tasks: Tasks to label.
        side: For a trial: predict only a corner with this many pixels per side and stretch it; 0
            predicts whole images.

    Yields:
        The data sample of each image, and its labels by task in the form of the head's pseudo
        label: classes (H, W) int64 or numbers (K, H, W).

    Raises:
        ValueError: If the view cannot be undone, an image has several views, or a prediction of the
            teacher is NaN.
    """
    groups: dict[tuple[int, ...], list[Mapping[str, Any]]] = {}
    for image in images:
        if isinstance(image["inputs"], (list, tuple)):
            raise ValueError(
                "the pipeline for tests gives several views of an image; pseudo labels need one: "
                "give pseudo_labels.pipeline"
            )
        groups.setdefault(tuple(image["inputs"].shape), []).append(image)
    for same in groups.values():
        batch: dict[str, Any] = {key: [each[key] for each in same] for key in same[0]}
        found: list[dict[str, Tensor]] = [{} for _ in same]
        for member, taught in teaching(teacher, tasks):
            samples, sizes = _predict(member, batch, side)
            for sample, size, labels in zip(samples, sizes, found, strict=True):
                for task in taught:
                    label = _label(member.heads[task], sample, task)
                    labels[task] = _stretched(label, size) if side else label
        yield from zip(samples, found, strict=True)


def _label(head: Any, sample: Any, task: str) -> Tensor:
    prediction = head.from_sample(sample)
    if prediction.isnan().any():  # the argmax of NaN would look like a valid class
        raise ValueError(
            f"the teacher's map of {task!r} is not finite on "
            f"{sample.metainfo.get('img_path', 'an image')}"
        )
    return head.pseudo_label(prediction[None])[0]


def _predict(model: Any, batch: dict[str, Any], side: int) -> tuple[list[Any], list[Any]]:
    """Samples with a model's predictions of a batch, and the images' original sizes."""
    batch = dict(batch, data_samples=[copy.deepcopy(each) for each in batch["data_samples"]])
    if side:
        batch["inputs"] = [image[:, :side, :side] for image in batch["inputs"]]
    data = model.data_preprocessor(batch, training=False)
    sizes = [sample.metainfo.get("ori_shape") for sample in data["data_samples"]]
    if side:
        for sample in data["data_samples"]:
            _forget_view(sample, data["inputs"].shape[2:])
    return model.predict(data["inputs"], data["data_samples"]), sizes


def _forget_view(sample: Any, size: Sequence[int]) -> None:
    """Remove the pipeline's geometry from a sample, so that a corner counts as a whole image."""
    for key in ("geometry", "flip", "flip_direction", "img_padding_size"):
        sample.pop(key, None)
    shape = tuple(int(side) for side in size)
    sample.set_metainfo(dict(ori_shape=shape, img_shape=shape, pad_shape=shape))


def _stretched(label: Tensor, size: Sequence[int]) -> Tensor:
    whole = label if label.ndim == 3 else label[None]
    whole = F.interpolate(whole[None].double(), size=tuple(size)[:2], mode="nearest")[0]
    return (whole if label.ndim == 3 else whole[0]).to(label.dtype)


def read_labels(
    heads: Any, tasks: Sequence[str], samples: Sequence, valid: Tensor
) -> tuple[dict[str, Tensor], Tensor]:
    """The stored pseudo labels of a batch.

    Args:
        heads: The heads by task.
        tasks: The old tasks.
        samples: Data samples with the labels in the fields of the tasks' annotations.
        valid: ``(N, H, W)`` bool, pixels that belong to an image.

    Returns:
        The labels by task, as the teacher computes them, and ``valid`` without pixels whose label a
        transform has removed.

    Raises:
        KeyError: If a sample has no label of a task.
    """
    labels = {}
    for task in tasks:
        head = heads[task]
        label = head.stack_gt(samples)
        if label.is_floating_point():
            known = label.isfinite().all(1)
            labels[task] = torch.where(known[:, None], label, label.new_zeros(()))
        else:
            label = label[:, 0]
            count = head.num_classes
            # 255 means unlabelled, unless there are so many classes that it is one of them
            known = label != 255 if count is None or count <= 255 else label < count
            labels[task] = label.masked_fill(~known, 0)
        valid = valid & known
    return labels, valid
