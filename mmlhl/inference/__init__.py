"""Predicting the maps of your own images with a checkpoint, and exporting it to other runtimes.

Imports models, datasets, evaluation and visualization; only tools import this package.
"""

from .lifelong_inferencer import LifelongInferencer
from .loading import LoadedModel, load_model

__all__ = ["LifelongInferencer", "LoadedModel", "load_model"]
