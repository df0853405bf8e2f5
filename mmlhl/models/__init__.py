"""Models: segmentors, heads, losses and the methods that keep old tasks.

- ``segmentors/``: one encoder and one head per task; grows, and knows only the contract of methods.
- ``heads/``: one file per output space, each around any mmseg decode head.
- ``losses/``: maths on tensors, each a function and a thin module; imports no head.
- ``methods/``: what keeps old tasks, one file per method; knows heads by their contract alone.
- ``teachers/``: models that are frozen, loaded or adopted, with one exact loader.
- ``backbones/`` and ``decoders/``: encoders and decode heads that mmseg does not have.

This room imports ``checkpoints`` and nothing of the engine.
"""

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
