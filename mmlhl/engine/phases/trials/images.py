"""A few training images for trials, cropped."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..supply import Supply
from .step import cut

#: number of different images, and of those that a trial of whole images may count
_FEW, _MANY = 2, 64


class TrialImages(Dataset):
    """The first training images, cropped to 64 pixels per side.

    Args:
        supply: The training images.
        whole: Whether they are not cropped, and repeated up to 64 times, for methods that fail on
            two small images.
    """

    def __init__(self, supply: Supply, whole: bool = False) -> None:
        count = min(_FEW, supply.images, len(supply.dataset))
        found = [supply.dataset[index] for index in range(count)]
        self._samples = found if whole else [_small(sample) for sample in found]
        self._length = min(supply.images, _MANY) if whole else count
        self._size = min(_FEW, supply.smallest)
        self._collate = supply.collate

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return copy.deepcopy(self._samples[index % len(self._samples)])

    def loader(self) -> DataLoader:
        """A loader over the images, with the batches of a trial."""
        return DataLoader(self, batch_size=self._size, collate_fn=self._collate)

    def batch(self) -> Any:
        """The first batch."""
        return self._collate([self[index] for index in range(self._size)])


def _small(sample: Any) -> Any:
    """A sample as pipelines pack it, cropped; any other is returned as it is."""
    try:
        image, labels = sample["inputs"], sample["data_samples"]
        if not isinstance(image, Tensor) or image.ndim != 3:
            return sample
        images, samples = cut(image[None], [labels])
    except (KeyError, TypeError, IndexError, AttributeError):
        return sample
    return {**sample, "inputs": images[0], "data_samples": samples[0]}
