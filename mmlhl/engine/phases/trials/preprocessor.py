"""Trials of a data preprocessor of one's own, whose ``forward`` may move pixels as well."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models import SegDataPreProcessor
from mmseg.structures import SegDataSample
from torch import Tensor

from ....datasets.transforms.trials.batches import try_batches
from ....datasets.transforms.trials.packed import as_array, label_data
from ....datasets.transforms.trials.spots import try_on_images
from ....models.data_preprocessor import MultiTaskDataPreProcessor
from ....models.views import FLIP_AXES, undo_view

_KNOWN = (SegDataPreProcessor, MultiTaskDataPreProcessor)
#: without padding, which small images would get and those of a training need not
_UNPADDED = dict(size=None, size_divisor=1, pad_size_divisor=1)
#: pixels added to images of a test, so that they are no multiple of what they are padded to
_MORE = 2


def try_preprocessor(preprocessor: Any, inputs: Sequence[Tensor], samples: Sequence[Any]) -> None:
    """Try on small batches whether labels follow what a preprocessor does in training.

    Only the class's own steps are tried: mmseg's class and ours, and one with ``moves_pixels =
    False``, are known. What it moves by a rule that no trial meets, such as a file's name, is not
    found.

    Args:
        preprocessor: The preprocessor; a copy of it is used.
        inputs: Images ``(C, h, w)`` of a batch.
        samples: Their data samples.

    Raises:
        ValueError: If it moves images or labels alone.
    """
    tried = _tried(preprocessor)
    if tried is not None:
        for key, value in _UNPADDED.items():
            if hasattr(tried, key):
                setattr(tried, key, value)
        try_batches(_Training(tried, *_kind_of(preprocessor, inputs)), _name(preprocessor), samples)


def check_padding(preprocessor: Any, samples: Sequence[Any]) -> None:
    """Check that a subclass of mmseg's preprocessor has not padded measured labels with an id.

    Args:
        preprocessor: The preprocessor.
        samples: Data samples as it returns them in training.

    Raises:
        ValueError: If padding would be learned, such as depth of 255.
    """
    value = getattr(preprocessor, "seg_pad_val", None)
    if type(preprocessor) in _KNOWN or value is None:
        return
    for sample in samples:
        _, right, _, bottom = sample.metainfo.get("padding_size", (0, 0, 0, 0))
        for field, data in label_data(sample).items():
            added = data[..., -bottom:, :] if bottom else data[..., -right:] if right else None
            if added is not None and data.is_floating_point() and (added == value).all():
                raise ValueError(
                    f"{_name(preprocessor)} pads {field} with seg_pad_val={value}, which would be "
                    "learned: derive it from MultiTaskDataPreProcessor, which pads with NaN"
                )


def try_in_tests(preprocessor: Any, inputs: Sequence[Tensor] = ()) -> None:
    """Try on small images whether predictions lie on them, as :func:`try_preprocessor`.

    Args:
        preprocessor: The preprocessor; a copy of it is used.
        inputs: Images ``(C, h, w)`` of a batch, if there are any.

    Raises:
        ValueError: If it moves images, so that it is not undone.
    """
    tried = _tried(preprocessor)
    if tried is None:
        return
    try:
        try_on_images(_Testing(tried, *_kind_of(preprocessor, inputs)), "")
    except ValueError as error:
        raise ValueError(
            f"{_name(preprocessor)} moves pixels of images in tests, and predictions stay where "
            "the images went: move them in training only, or in the pipeline, whose flips, padding "
            "and resizing are undone; note padding as img_padding_size of the samples. If nothing "
            "is moved, say so in its class: moves_pixels = False"
        ) from error


def _tried(preprocessor: Any) -> Any:
    """A copy on the CPU, where random numbers are seeded; None if there is nothing to try."""
    if type(preprocessor) in _KNOWN or getattr(preprocessor, "moves_pixels", None) is False:
        return None
    try:
        return copy.deepcopy(preprocessor).cpu()
    except Exception:  # something in it cannot be copied
        return None


def _name(preprocessor: Any) -> str:
    return f"model.data_preprocessor ({type(preprocessor).__name__})"


def _kind_of(preprocessor: Any, inputs: Sequence[Tensor]) -> tuple[int, torch.dtype]:
    """Channels and type of images."""
    if len(inputs):
        return len(inputs[0]), inputs[0].dtype
    mean = getattr(preprocessor, "mean", None)
    return max(getattr(mean, "numel", int)(), 3), torch.uint8


class _Training:
    """A preprocessor as an augmentation of batches."""

    def __init__(self, preprocessor: Any, channels: int, dtype: torch.dtype) -> None:
        self.preprocessor, self.dtype = preprocessor, dtype
        self.channels = [each % 3 for each in range(channels)]

    def __call__(self, inputs: Tensor, samples: list[Any]) -> tuple[Tensor, list[Any]]:
        images = list(inputs[:, self.channels].to(self.dtype))
        batch = self.preprocessor(dict(inputs=images, data_samples=samples), training=True)
        return batch["inputs"], batch["data_samples"]


class _Testing(_Training):
    """A preprocessor as a transform of images: that which a network predicts that copies them."""

    def __call__(self, results: dict) -> dict:  # type: ignore[override]
        height, width = results["img"].shape[:2]
        image = torch.from_numpy(results["img"]).permute(2, 0, 1)[self.channels].float()
        image = F.pad(image[None], (0, _MORE, 0, _MORE), mode="replicate")[0].to(self.dtype)
        size = tuple(image.shape[1:])
        sample = SegDataSample(metainfo=dict.fromkeys(("ori_shape", "img_shape"), size))
        batch = self.preprocessor(dict(inputs=[image], data_samples=[sample]), training=False)
        raw, size = undo_view(batch["inputs"].float(), batch["data_samples"][0].metainfo, _Copy())
        image = _Copy().resize(raw, size)[0, :, :height, :width]
        return {**results, "img": as_array(image)}


class _Copy:
    """A head whose maps are images."""

    def flip(self, raw: Tensor, direction: str) -> Tensor:
        return raw.flip(FLIP_AXES[direction])

    def resize(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        same = tuple(raw.shape[2:]) == tuple(size)
        return raw if same else F.interpolate(raw, tuple(size), mode="bilinear")
