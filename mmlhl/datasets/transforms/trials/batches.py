"""Augmentations of batches: tried before training, and checked at every batch.

They need not move a field that no sample has, so the witness takes the place of each field in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .batch_probes import Chosen, OneBatch, are_normals, copied
from .label_spots import try_on_labels
from .likeness import likeness
from .packed import LABELS, Packed, as_array, as_view, label_data, unpacked
from .replays import Replay
from .rounds import MovedAlone
from .sample_checks import Call, SampleChecks
from .spots import try_on_images, try_on_sample

KEY_OF_AUGMENTS = "data_preprocessor.batch_augments"
_ADVICE = "let it move every gt_ field of the samples like the images, and turn normals along"


def try_batches(augment: Any, name: str, samples: Sequence[Any] = ()) -> None:
    """Try an augmentation of batches on small ones, of one sample and of two.

    Args:
        augment: Takes ``(N, C, H, W)`` and data samples, and returns both; nothing else is tried.
        name: Its key in a config.
        samples: Data samples as in training; an augmentation may move their fields only.

    Raises:
        ValueError: If it moves an image or a label alone.
    """
    if not callable(augment) or getattr(augment, "moves_pixels", None) is False:
        return
    fields = label_data(samples[0]) if samples else {}
    packed = Packed(OneBatch(augment))
    try:
        try_on_images(packed, name)
        try_on_labels(packed, name, _labels(fields))
    except ValueError as error:  # perhaps it moves the fields that there are, by name
        if not fields:
            raise MovedAlone(_message(name, "their labels")) from error
        _try_fields(augment, name, samples[0], 1)
    if fields:
        _try_fields(augment, name, samples[0], 2)


def _labels(fields: Mapping[str, Tensor]) -> dict[str, str]:
    """Labels of a trial: no normals, which have to be turned, if no sample can have them."""
    normals = not fields or any(len(data) == 3 for data in fields.values())
    return {key: kind for key, kind in LABELS.items() if normals or kind != "normal"}


def _try_fields(augment: Callable, name: str, sample: Any, count: int) -> None:
    inputs, samples = torch.zeros(count, 3, 1, 1), [copied(sample, (1, 1))] * count
    for field, data in label_data(sample).items():
        chosen = Chosen(augment, inputs, samples, range(count), field, are_normals(data))
        try:
            try_on_images(chosen, name)
        except ValueError as error:
            raise MovedAlone(_message(name, field)) from error


def _message(name: str, field: str) -> str:
    return (
        f"{name} moves pixels of packed images or labels, but not of images and {field} alike: "
        f"{_ADVICE}. If nothing is moved, say so in its class: moves_pixels = False"
    )


def watch_batches(preprocessor: Any) -> None:
    """Let a data preprocessor check every batch that it augments.

    Args:
        preprocessor: The preprocessor; one without ``batch_augments`` is left alone.
    """
    augment = getattr(preprocessor, "batch_augments", None)
    if not callable(augment) or getattr(augment, "moves_pixels", None) is False:
        return
    if not isinstance(augment, BatchChecks):
        # found before the module of that name, if it is one, which keeps its place in checkpoints
        vars(preprocessor)["batch_augments"] = BatchChecks(augment, KEY_OF_AUGMENTS)


class BatchChecks:
    """Checks of every batch behind an augmentation, as :class:`~.sample_checks.SampleChecks`.

    Images and labels that it leaves as they are cost a copy and one comparison on their device,
    which waits for it once a batch.
    """

    def __init__(self, augment: Callable, name: str) -> None:
        self.augment, self.name = augment, name
        self._checks = SampleChecks(name)

    def __call__(self, inputs: Tensor, samples: list[Any]) -> tuple[Tensor, list[Any]]:
        """Apply the augmentation.

        Raises:
            ValueError: If it moved images or labels alone, or changed the size of images alone.
        """
        images, before = inputs.clone(), [copied(sample) for sample in samples]
        try:
            replay = Replay(self.augment)
        except Exception:  # something in it cannot be copied
            replay = None
        moved: tuple[Tensor, list[Any]] = self.augment(inputs, samples)
        after, given = moved
        for sample in given:
            self._check_size(after, sample)
        if after.shape != images.shape or len(given) != len(before) or replay is None:
            return moved
        for index in _changed(images, before, after, given):
            self._look(replay, images, before, (after[index], given[index]), index)
        return moved

    def _check_size(self, images: Tensor, sample: Any) -> None:
        for field, data in label_data(sample).items():
            if data.shape[-2:] != images.shape[-2:]:
                raise ValueError(
                    f"{self.name} leaves {field} at {tuple(data.shape[-2:])} (height, width), but "
                    f"the images at {tuple(images.shape[-2:])}: {_ADVICE}"
                )

    def _look(
        self,
        replay: Replay,
        images: Tensor,
        samples: Sequence[Any],
        moved: tuple[Tensor, Any],
        index: int,
    ) -> None:
        before = unpacked(dict(inputs=images[index], data_samples=samples[index]), copies=False)
        after = unpacked(dict(inputs=moved[0], data_samples=moved[1]), copies=False)
        if before is None or after is None:
            return
        labels = {key: before[key] for key in before["dense_fields"]}
        unlike = next(self._checks.unlike(before["img"], labels, after, None), None)
        if unlike is None:
            return
        other = _origin(images, samples, moved, index, unlike)
        for field in _telling(label_data(samples[index]), label_data(moved[1])):
            try:
                self._look_at(replay, images, samples, [index], field)
                if other is not None:  # spots are in the upper image at first
                    self._look_at(replay, images, samples, [other, index], field)
            except MovedAlone as error:
                path = samples[index].metainfo.get("img_path", "a sample")
                raise MovedAlone(f"{path}: {_message(self.name, field)}") from error

    def _look_at(
        self,
        replay: Replay,
        images: Tensor,
        samples: Sequence[Any],
        shown: Sequence[int],
        field: str,
    ) -> None:
        normals = are_normals(label_data(samples[shown[-1]])[field])
        chosen = Chosen(replay, images, samples, shown, field, normals)
        image = as_array(torch.cat([images[each] for each in shown], 1))
        call = Call(chosen, dict(img=image, seg_fields=[]), {})
        call.replay = chosen
        self._checks.look_closer(call, try_on_sample)


def _telling(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    """Labels that were changed, and one of those that surely stayed where they were."""
    still = [
        field
        for field, data in before.items()
        if field in after
        and data.dtype == after[field].dtype
        and torch.equal(_bits(data), _bits(after[field]))
        and (_bits(data) != _bits(data)[:, :1, :1]).any()  # a constant one may have moved
    ]
    return [field for field in before if field not in still[1:]]


def _origin(
    images: Tensor, samples: Sequence[Any], moved: tuple[Tensor, Any], index: int, key: str
) -> int | None:
    """Another sample of a batch that one resembles more after an augmentation than itself.

    Args:
        images: Images ``(N, C, H, W)`` before.
        samples: Data samples before.
        moved: The image and the data sample afterwards.
        index: Their number.
        key: What resembles another one: ``img`` or a label, as in a pipeline's results.
    """
    field = "gt_sem_seg" if key == "gt_seg_map" else key
    maps = [label_data(each).get(field) for each in samples] if key != "img" else list(images)
    after = label_data(moved[1]).get(field) if key != "img" else moved[0]
    if after is None:
        return None
    like = [0 if each is None else likeness(as_view(each), as_view(after), None) for each in maps]
    most = int(np.argmax(like))
    return most if like[most] > like[index] else None


def _changed(
    images: Tensor, samples: Sequence[Any], after: Tensor, given: Sequence[Any]
) -> list[int]:
    """Indices of the samples of which something was changed."""
    flags = []
    for index, (sample, other) in enumerate(zip(samples, given, strict=True)):
        now = label_data(other)
        pairs = [(data, now.get(field)) for field, data in label_data(sample).items()]
        differs = (images[index] != after[index]).any()
        for data, label in pairs:
            if label is not None and label.shape == data.shape:
                differs = differs | (_bits(data) != _bits(label)).any().to(differs.device)
        flags.append(differs)
    return np.flatnonzero(torch.stack(flags).tolist()).tolist()


def _bits(data: Tensor) -> Tensor:
    """Whole numbers that are equal where values are, NaN included."""
    sizes = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    return data.view(sizes[data.element_size()]) if data.is_floating_point() else data
