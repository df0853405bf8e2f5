"""Models: segmentors, heads, losses and the methods that keep old tasks.

- ``segmentors/``: one encoder and one growing list of heads; uses methods through their contract.
- ``heads/``: one file per output space, each around any mmseg decode head.
- ``losses/``: maths on tensors, each a function and a thin module; imports no head.
- ``methods/``: methods that preserve old tasks, one per file; use heads through their contract.
- ``teachers/``: freezing and loading models, with one strict loader.
- ``backbones/`` and ``decoders/``: encoders and decode heads that mmseg does not have.

This package imports ``checkpoints`` and nothing from the engine.
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
