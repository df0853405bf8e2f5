from .lifelong_segmentor import LifelongSegmentor

__all__ = ["LifelongSegmentor"]
