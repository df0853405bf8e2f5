"""Pseudo labels of whole images: a teacher's predictions, and how a step reads them later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@torch.no_grad()
def label_images(
    teacher: nn.Module, images: Sequence[Mapping[str, Any]], tasks: Sequence[str], side: int = 0
) -> Iterator[tuple[Any, dict[str, Tensor]]]:
    """A teacher's pseudo labels of images, at their original size.

    The teacher predicts as in tests: whole or by a sliding window, padding, flips and resizing of
    the view undone.

    Args:
        teacher: A frozen lifelong segmentor.
        images: What a pipeline for tests packs of each, ``inputs`` and ``data_samples``.
        tasks: Tasks whose labels are wanted.
        side: For a trial, only a corner of so many pixels per side is predicted, and stretched; 0
            predicts the images.

    Yields:
        The data sample of each image, and its labels by task: classes (H, W) int64 or numbers
        (K, H, W), whatever the head's pseudo label is.

    Raises:
        ValueError: If the view cannot be undone, or has several views of an image, or what the
            teacher says of one is NaN.
    """
    model: Any = teacher
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
        if side:
            batch["inputs"] = [image[:, :side, :side] for image in batch["inputs"]]
        data = model.data_preprocessor(batch, training=False)
        sizes = [sample.metainfo.get("ori_shape") for sample in data["data_samples"]]
        if side:
            for sample in data["data_samples"]:
                _forget_view(sample, data["inputs"].shape[2:])
        samples = model.predict(data["inputs"], data["data_samples"])
        for sample, size in zip(samples, sizes, strict=True):
            labels = {}
            for task in tasks:
                head = model.heads[task]
                said = head.from_sample(sample)
                if said.isnan().any():  # the greatest of scores that are NaN would be a sound class
                    raise ValueError(
                        f"the teacher's map of {task!r} is not finite on "
                        f"{sample.metainfo.get('img_path', 'an image')}"
                    )
                label = head.pseudo_label(said[None])[0]
                labels[task] = _stretched(label, size) if side else label
            yield sample, labels


def _forget_view(sample: Any, size: Sequence[int]) -> None:
    """A corner of an image is an image of its own."""
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
        samples: Data samples that carry the labels where annotations of the tasks would be.
        valid: ``(N, H, W)`` bool, pixels that are image.

    Returns:
        The labels by task, as the teacher gives them, and ``valid`` without pixels whose label a
        transform has taken away.

    Raises:
        KeyError: If a sample carries none.
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
            # the mark of annotations, unless there are so many classes that it is one of them
            known = label != 255 if count is None or count <= 255 else label < count
            labels[task] = label.masked_fill(~known, 0)
        valid = valid & known
    return labels, valid
