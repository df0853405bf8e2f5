"""Segmentors: one encoder, one head per task; a distilled one; test-time augmentation of either.

They know heads by their contract, and methods by theirs; no method and no output space by name.
"""

from .distilled_segmentor import DistilledSegmentor
from .lifelong_segmentor import LifelongSegmentor
from .tta import MultiTaskTTAModel

__all__ = ["DistilledSegmentor", "LifelongSegmentor", "MultiTaskTTAModel"]
