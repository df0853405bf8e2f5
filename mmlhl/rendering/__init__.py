"""Rooms: procedurally rendered indoor scenes with exact classes, depth and normals.

Only ``tools/dataset_converters/rooms.py`` imports this package, and
:class:`mmlhl.datasets.RoomsDataset` reads its files. It is not loaded by ``import mmlhl``.
"""

from ..datasets.rooms_classes import CLASSES, IGNORE, PALETTE
from .camera import Camera
from .holes import add_holes
from .layout import sample_scene
from .renderer import render
from .scene import Light, Material, Scene, Shape
from .viewpoint import sample_camera
from .writer import scene_and_camera, write_rooms

__all__ = [
    "CLASSES",
    "IGNORE",
    "PALETTE",
    "Camera",
    "Light",
    "Material",
    "Scene",
    "Shape",
    "add_holes",
    "render",
    "sample_camera",
    "sample_scene",
    "scene_and_camera",
    "write_rooms",
]
