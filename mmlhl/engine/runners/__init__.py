from .lifelong_runner import LifelongRunner

__all__ = ["LifelongRunner"]
