"""Datasets of images with several kinds of annotation, and their transforms.

- ``multi_task_dataset``: images with any annotations, of which ``listing`` says which there are;
  each published dataset has a file of its own on top, with its classes and what else only it
  needs beside it (``cityscapes_classes``, ``pascal_mat``). ``annotation`` says what one kind of
  annotation is and where its files are.
- ``reading/``: lists, images and arrays from files; ``decoding/``: from stored numbers to maps.
- ``transforms/``: one file a way to move pixels; each moves every map of a sample.
- ``seeding/``: augmentation that depends on seed, phase, epoch and sample alone.
- ``checking/``: what ``check_dataset`` finds in a set.

This room knows neither models nor engine; it imports nothing of mmlhl but the files at its top.
"""

from . import mixed, seeding, transforms
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
    "mixed",
    "seeding",
    "transforms",
]
