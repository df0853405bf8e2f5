"""Augmentation that depends on the seed, the phase, the epoch and the sample alone.

``ResumableSampler`` gives each index a seed, ``SeededDataset`` has all transforms draw by it, those
too that keep a generator of their own. So a training that goes on after an interruption, with other
workers or in the middle of an epoch, sees what it would have seen.
"""

from .resumable_sampler import ResumableBatchSampler, ResumableSampler
from .seeded_dataset import SeededDataset

__all__ = ["ResumableBatchSampler", "ResumableSampler", "SeededDataset"]
