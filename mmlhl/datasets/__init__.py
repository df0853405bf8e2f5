"""Datasets of images with several kinds of annotation, and their transforms.

- ``multi_task_dataset``: images with any annotations; ``listing`` lists its samples. Each published
  dataset is a subclass in its own file, with its classes and special formats beside it
  (``cityscapes_classes``, ``pascal_mat``). ``annotation`` describes one kind of annotation.
  ``joined`` tests sets of different tasks as one.
- ``reading/``: lists, images and arrays from files; ``decoding/``: from stored numbers to maps.
- ``transforms/``: one file per geometric operation; each moves every map of a sample.
- ``seeding/``: augmentation that depends only on seed, phase, epoch and sample.
- ``checking/``: the checks of ``check_dataset``.

This package imports neither models nor engine, only the modules at the top level of mmlhl.
"""

from . import mixed, seeding, stand_ins, transforms
from .annotation import Annotation
from .camvid import CamVidDataset
from .cityscapes import CityscapesMultiTaskDataset, CityscapesNpyDataset
from .joined import JoinedDatasets
from .missing_files import name_empty_sets
from .multi_task_dataset import MultiTaskDataset
from .nyuv2 import NYUv2Dataset
from .pascal_multitask import PascalMultiTaskDataset
from .rooms import RoomsDataset
from .taskonomy import TaskonomyDataset

name_empty_sets()

__all__ = [
    "Annotation",
    "CamVidDataset",
    "CityscapesMultiTaskDataset",
    "CityscapesNpyDataset",
    "JoinedDatasets",
    "MultiTaskDataset",
    "NYUv2Dataset",
    "PascalMultiTaskDataset",
    "RoomsDataset",
    "TaskonomyDataset",
    "mixed",
    "seeding",
    "stand_ins",
    "transforms",
]
