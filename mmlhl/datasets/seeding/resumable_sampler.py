"""Samplers whose stream can be entered anywhere, and whose indices carry seeds."""

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
    """Another sampler's indices, each with a seed of (draws, epoch, rank, position).

    Args:
        dataset: The dataset whose indices are drawn.
        sampler: Config of the other sampler.
        draws: Seed of the phase's augmentation.
        seed: The other sampler's.
    """

    def __init__(self, dataset: Sized, sampler: dict, draws: int, seed: int | None = None) -> None:
        given = dict(dataset=dataset, seed=seed)
        self.sampler = DATA_SAMPLERS.build(dict(sampler), default_args=given)
        self.draws = draws
        self.epoch = 0
        #: how many times as many images a step had before the number of processes changed
        self.scale = 1.0
        self._skipped = 0
        self._first = 0

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[int]:
        """Indices with seeds, from where :meth:`start_at` or :meth:`skip` says."""
        first, self._skipped = self._first + self._skipped, 0
        draw_by(mixed_seed(self.draws, self.epoch, get_rank()))  # for one that uses global draws
        endless = hasattr(self.sampler, "skip")
        for position, index in enumerate(self._indices(first), first):
            if endless:  # another iteration goes on where this one ends
                self._first = position + 1
            yield DrawnIndex(index, mixed_seed(self.draws, self.epoch, get_rank(), position))

    def _indices(self, first: int) -> Iterator[int]:
        # one that can skip has been advanced already
        return itertools.islice(self.sampler, first - self._first, None)

    def set_epoch(self, epoch: int) -> None:
        """A new epoch begins: other seeds, and another order where the other sampler shuffles."""
        self.epoch = epoch
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def start_at(self, epoch: int, position: int) -> None:
        """The next iteration is of this epoch and leaves out the first indices of this rank."""
        self.set_epoch(epoch)
        self._skipped = position

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "sampler" not in self.__dict__:
            raise AttributeError(name)
        # mmengine skips in its iteration-based loop only where a sampler says that it can
        skip = getattr(self.sampler, name)
        return self._skip if name == "skip" else skip

    def _skip(self, samples: int) -> None:
        """Advance an endless sampler to an absolute position in this rank's stream."""
        samples = int(samples * self.scale)
        self.sampler.skip(samples)
        self._first = samples


@DATA_SAMPLERS.register_module()
class ResumableBatchSampler(BatchSampler):
    """Another batch sampler's batches, the first of which can be left out.

    Args:
        sampler: A :class:`ResumableSampler`.
        batch_size: Images in a batch.
        batch_sampler: Config of the other batch sampler.
    """

    def __init__(self, sampler: Sampler, batch_size: int, batch_sampler: dict) -> None:
        given = dict(sampler=sampler, batch_size=batch_size)
        self.batches = DATA_SAMPLERS.build(dict(batch_sampler), default_args=given)
        super().__init__(sampler, batch_size, getattr(self.batches, "drop_last", False))
        self.skipped = 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        """Batches from where ``skipped`` says; it counts for one iteration.

        A generator, as the other sampler's: a loader with workers asks for two and reads one.
        """
        skipped, self.skipped = self.skipped, 0
        yield from itertools.islice(iter(self.batches), skipped, None)
