"""Datasets of images with several kinds of annotation, and their transforms."""

from . import seeding, transforms
from .annotation import Annotation
from .camvid import CamVidDataset
from .cityscapes import CityscapesMultiTaskDataset, CityscapesNpyDataset
from .multi_task_dataset import MultiTaskDataset
from .nyuv2 import NYUv2Dataset
from .pascal_multitask import PascalMultiTaskDataset
from .rooms import RoomsDataset
from .taskonomy import TaskonomyDataset

__all__ = [
    "Annotation",
    "CamVidDataset",
    "CityscapesMultiTaskDataset",
    "CityscapesNpyDataset",
    "MultiTaskDataset",
    "NYUv2Dataset",
    "PascalMultiTaskDataset",
    "RoomsDataset",
    "TaskonomyDataset",
    "seeding",
    "transforms",
]
