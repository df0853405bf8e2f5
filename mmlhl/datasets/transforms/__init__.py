"""Transforms of images with several annotations."""

from .flip import MultiTaskRandomFlip
from .formatting import PackMultiTaskInputs
from .loading import LoadImage, LoadMultiTaskAnnotations
from .sobel import SobelEdges

__all__ = [
    "LoadImage",
    "LoadMultiTaskAnnotations",
    "MultiTaskRandomFlip",
    "PackMultiTaskInputs",
    "SobelEdges",
]
