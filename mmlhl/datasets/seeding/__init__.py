"""Augmentation that depends only on the seed, the phase, the epoch and the sample.

``ResumableSampler`` gives each index a seed, by which ``SeededDataset`` seeds all transforms,
including those with their own random generator. So training that resumes after an interruption,
with other workers or in the middle of an epoch, sees the same images as without it.
"""

from .resumable_sampler import ResumableBatchSampler, ResumableSampler
from .seeded_dataset import SeededDataset

__all__ = ["ResumableBatchSampler", "ResumableSampler", "SeededDataset"]
