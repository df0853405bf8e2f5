"""Datasets of images with several kinds of annotation, and their transforms."""

from . import transforms
from .annotation import Annotation
from .camvid import CamVidDataset
from .cityscapes import CityscapesNpyDataset
from .multi_task_dataset import MultiTaskDataset
from .nyuv2 import NYUv2Dataset
from .rooms_dataset import RoomsDataset

__all__ = [
    "Annotation",
    "CamVidDataset",
    "CityscapesNpyDataset",
    "MultiTaskDataset",
    "NYUv2Dataset",
    "RoomsDataset",
    "transforms",
]
