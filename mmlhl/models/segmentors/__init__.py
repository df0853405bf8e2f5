from .distilled_segmentor import DistilledSegmentor
from .lifelong_segmentor import LifelongSegmentor

__all__ = ["DistilledSegmentor", "LifelongSegmentor"]
