"""Transforms of images with several annotations."""

from .crop import MultiTaskRandomCrop
from .flip import MultiTaskRandomFlip
from .formatting import PackMultiTaskInputs
from .loading import LoadImage, LoadMultiTaskAnnotations
from .pad import MultiTaskPad
from .resize import MultiTaskResize
from .rotate import MultiTaskRandomRotate
from .scale_crop import MultiTaskRandomScaleCrop
from .sobel import SobelEdges

__all__ = [
    "LoadImage",
    "LoadMultiTaskAnnotations",
    "MultiTaskPad",
    "MultiTaskRandomCrop",
    "MultiTaskRandomFlip",
    "MultiTaskRandomRotate",
    "MultiTaskRandomScaleCrop",
    "MultiTaskResize",
    "PackMultiTaskInputs",
    "SobelEdges",
]
