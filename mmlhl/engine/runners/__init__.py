"""The sequence: one standard mmengine runner per phase."""

from .lifelong_runner import LifelongRunner

__all__ = ["LifelongRunner"]
