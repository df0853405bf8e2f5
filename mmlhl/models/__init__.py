"""Models: segmentors, heads, losses and the methods that keep old tasks."""

from . import backbones, decoders, heads, losses, methods, segmentors
from .data_preprocessor import MultiTaskDataPreProcessor
from .segmentors import MultiTaskTTAModel
from .teachers import FrozenModels, build_teacher, freeze

__all__ = [
    "FrozenModels",
    "MultiTaskDataPreProcessor",
    "MultiTaskTTAModel",
    "backbones",
    "build_teacher",
    "decoders",
    "freeze",
    "heads",
    "losses",
    "methods",
    "segmentors",
]
