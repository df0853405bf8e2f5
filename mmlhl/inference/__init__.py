"""From a checkpoint to the maps of one's own images, and to other runtimes.

Imports models, datasets, evaluation and visualization; nothing but tools imports this package.
"""

from .lifelong_inferencer import LifelongInferencer
from .loading import LoadedModel, load_model

__all__ = ["LifelongInferencer", "LoadedModel", "load_model"]
