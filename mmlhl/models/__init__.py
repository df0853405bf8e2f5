"""Models: segmentors, heads, losses and the methods that keep old tasks."""

from . import backbones, heads, losses, methods, segmentors
from .data_preprocessor import MultiTaskDataPreProcessor
from .teachers import FrozenModels, build_teacher, freeze
from .tta import MultiTaskTTAModel

__all__ = [
    "FrozenModels",
    "MultiTaskDataPreProcessor",
    "MultiTaskTTAModel",
    "backbones",
    "build_teacher",
    "freeze",
    "heads",
    "losses",
    "methods",
    "segmentors",
]
