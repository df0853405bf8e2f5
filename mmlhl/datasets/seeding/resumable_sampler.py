"""Samplers that can start anywhere in their stream, and whose indices carry seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sized
from typing import Any

from mmengine.dist import get_rank
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, Sampler

from ...draws import DrawnIndex, draw_by, mixed_seed


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler):
    """Wraps a sampler and gives each index a seed, derived from (draws, epoch, rank, position).

    Args:
        dataset: The dataset whose indices are drawn.
        sampler: Config of the wrapped sampler.
        draws: Seed of the phase's augmentation.
        seed: Seed of the wrapped sampler.
    """

    def __init__(self, dataset: Sized, sampler: dict, draws: int, seed: int | None = None) -> None:
        given = dict(dataset=dataset, seed=seed)
        self.sampler = DATA_SAMPLERS.build(dict(sampler), default_args=given)
        self.draws = draws
        self.epoch = 0
        #: images per step before the number of processes changed, divided by those now
        self.scale = 1.0
        self._skipped = 0
        self._first = 0

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[int]:
        """Indices with seeds, from the position set by :meth:`start_at` or ``skip``."""
        first, self._skipped = self._first + self._skipped, 0
        draw_by(mixed_seed(self.draws, self.epoch, get_rank()))  # it may use global generators
        endless = hasattr(self.sampler, "skip")
        for position, index in enumerate(self._indices(first), first):
            if endless:  # the next iterator continues where this one ends
                self._first = position + 1
            yield DrawnIndex(index, mixed_seed(self.draws, self.epoch, get_rank(), position))

    def _indices(self, first: int) -> Iterator[int]:
        # an endless sampler has already been advanced to self._first
        return itertools.islice(self.sampler, first - self._first, None)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, with new seeds and, if the wrapped sampler shuffles, a new order."""
        self.epoch = epoch
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def start_at(self, epoch: int, position: int) -> None:
        """Let the next iterator begin in this epoch, without this rank's first indices."""
        self.set_epoch(epoch)
        self._skipped = position

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "sampler" not in self.__dict__:
            raise AttributeError(name)
        # mmengine's iteration-based loop skips only if the sampler has an attribute 'skip'
        skip = getattr(self.sampler, name)
        return self._skip if name == "skip" else skip

    def _skip(self, samples: int) -> None:
        """Advance an endless sampler to an absolute position in this rank's stream."""
        samples = int(samples * self.scale)
        self.sampler.skip(samples)
        self._first = samples


@DATA_SAMPLERS.register_module()
class ResumableBatchSampler(BatchSampler):
    """Wraps a batch sampler and can skip its first batches.

    Args:
        sampler: A :class:`ResumableSampler`.
        batch_size: Images in a batch.
        batch_sampler: Config of the wrapped batch sampler.
    """

    def __init__(self, sampler: Sampler, batch_size: int, batch_sampler: dict) -> None:
        given = dict(sampler=sampler, batch_size=batch_size)
        self.batches = DATA_SAMPLERS.build(dict(batch_sampler), default_args=given)
        super().__init__(sampler, batch_size, getattr(self.batches, "drop_last", False))
        self.skipped = 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        """Batches without the first ``skipped``, which is then reset.

        Must be a generator: a loader with workers creates two iterators and uses one, and only that
        one may reset ``skipped``.
        """
        skipped, self.skipped = self.skipped, 0
        yield from itertools.islice(iter(self.batches), skipped, None)
