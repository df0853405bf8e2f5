from .base_method import BaseMethod, Step, valid_pixels
from .distillation import DistillationMethod
from .had import HAD
from .lwf import LwF
from .naive import Naive

__all__ = ["HAD", "BaseMethod", "DistillationMethod", "LwF", "Naive", "Step", "valid_pixels"]
