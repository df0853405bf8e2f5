"""Segmentors: lifelong (one encoder, one head per task) and distilled; test-time augmentation.

They use heads and methods through their contracts only, without naming a method or output space.
"""

from .distilled_segmentor import DistilledSegmentor
from .lifelong_segmentor import LifelongSegmentor
from .tta import MultiTaskTTAModel

__all__ = ["DistilledSegmentor", "LifelongSegmentor", "MultiTaskTTAModel"]
