"""Samples of a batch shown to an augmentation as one image, with a field as the witness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from torch import Tensor

from ..witness import KEY, read_witness
from .label_spots import refuse_unturned
from .packed import as_array, label_data

_DIRECTION = (0.6, 0.3)
"""x and y of normals in a trial."""


class OneBatch:
    """Applies an augmentation of batches to a packed sample, as a batch of its own.

    Args:
        augment: The augmentation.
    """

    def __init__(self, augment: Callable) -> None:
        self.augment = augment

    def __call__(self, packed: dict) -> dict:
        """Apply the augmentation.

        Args:
            packed: A packed sample.
        """
        inputs, samples = self.augment(packed["inputs"][None].float(), [packed["data_samples"]])
        return dict(inputs=inputs[0], data_samples=samples[0])


class Chosen:
    """Applies an augmentation to some samples of a batch, given as one image, one above another.

    Args:
        augment: The augmentation.
        inputs: Images ``(N, C, H, W)``; others of the needed size take the place of small ones.
        samples: Data samples.
        chosen: Which of them the image shows.
        field: The field that is the witness.
        normals: Whether it has normals, which have to turn: the witness is then their z.
    """

    def __init__(
        self,
        augment: Callable,
        inputs: Tensor,
        samples: Sequence[Any],
        chosen: Sequence[int],
        field: str,
        normals: bool,
    ) -> None:
        self.augment, self.inputs, self.samples = augment, inputs, samples
        self.chosen, self.field, self.normals = chosen, field, normals

    def __call__(self, results: Mapping) -> dict:
        """Put the image and the witness into the batch, and apply the augmentation.

        Args:
            results: Pipeline results with the witness.

        Raises:
            LookupError: If nothing is left of the witness in the samples that the image shows.
            MovedAlone: If normals were moved without being turned.
        """
        image = torch.from_numpy(results["img"].copy()).to(self.inputs).permute(2, 0, 1)
        parts = image.chunk(len(self.chosen), 1)
        witnesses = torch.from_numpy(results[KEY].copy()).chunk(len(self.chosen), 0)
        size = parts[0].shape[-2:]
        inputs = self.inputs.clone() if self.inputs.shape[-2:] == size else None
        if inputs is None:
            inputs = self.inputs.new_zeros(len(self.inputs), len(image), *size)
        samples = [copied(sample, size) for sample in self.samples]
        for index, part, witness in zip(self.chosen, parts, witnesses, strict=True):
            inputs[index] = part
            data = label_data(samples[index])[self.field]
            # ids would be too small for it, and float16 too coarse
            places = witness.to(data.device, None if data.is_floating_point() else torch.int64)
            places = places.expand(len(data), -1, -1).clone()
            if self.normals:
                places[:2] = places.new_tensor(_DIRECTION)[:, None, None]
            samples[index].set_data({self.field: PixelData(data=places)})
        inputs, samples = self.augment(inputs, samples)
        moved = torch.cat([label_data(samples[index])[self.field] for index in self.chosen], 1)
        found = moved[-1:]
        if not (found >= results[KEY].min()).any():
            raise LookupError(f"{self.field} comes from another sample, or has other ids")
        image = torch.cat([inputs[index] for index in self.chosen], 1)
        if self.normals and found.shape[1:] == results[KEY].shape:
            self._check_turn(results[KEY], as_array(moved))
        return {
            **results,
            "img": as_array(image),
            KEY: as_array(found).astype(results[KEY].dtype),
        }

    def _check_turn(self, before: np.ndarray, moved: np.ndarray) -> None:
        """Check that normals, whose z is the witness, have turned as the witness says."""
        vectors = np.dstack([np.full_like(before, each) for each in _DIRECTION] + [before])
        places = {**dict(img=before, seg_fields=[KEY]), KEY: moved[..., 2]}
        source = read_witness(places, before, self.field)
        if source is not None:
            refuse_unturned(vectors, moved, source, self.field, self.field)


def are_normals(data: Tensor) -> bool:
    """Whether a map of floats has three values by pixel of which most have a length of 1.

    Args:
        data: ``(C, H, W)``.
    """
    if len(data) != 3 or not data.is_floating_point():
        return False
    lengths = data[:, :: max(data.shape[1] // 64, 1)].norm(dim=0)
    known = lengths[lengths.isfinite()]
    return len(known) > 0 and bool(((known - 1).abs() < 0.1).float().mean() > 0.9)


def copied(sample: Any, size: Sequence[int] | None = None) -> Any:
    """A sample with labels of its own.

    Args:
        sample: The data sample.
        size: (height, width) of its labels, which are blank ones unless they have it.
    """
    new = sample.new()
    for field, data in label_data(sample).items():
        keep = size is None or tuple(data.shape[-2:]) == tuple(size)
        own = data.clone() if keep else data.new_zeros(len(data), *size)  # type: ignore[misc]
        new.set_data({field: PixelData(data=own)})
    return new
