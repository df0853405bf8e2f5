"""Transforms of images with several annotations."""

from . import albu, erase, refused  # noqa: F401  (they register)
from .crop import MultiTaskCenterCrop, MultiTaskRandomCrop
from .flip import MultiTaskRandomFlip
from .formatting import PackMultiTaskInputs
from .load_image import LoadImage
from .loading import LoadMultiTaskAnnotations
from .pad import MultiTaskPad
from .resize import MultiTaskResize
from .rotate import MultiTaskRandomRotate
from .scale_crop import MultiTaskRandomScaleCrop
from .sobel import SobelEdges

__all__ = [
    "LoadImage",
    "LoadMultiTaskAnnotations",
    "MultiTaskCenterCrop",
    "MultiTaskPad",
    "MultiTaskRandomCrop",
    "MultiTaskRandomFlip",
    "MultiTaskRandomRotate",
    "MultiTaskRandomScaleCrop",
    "MultiTaskResize",
    "PackMultiTaskInputs",
    "SobelEdges",
]
