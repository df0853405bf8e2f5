"""The sequence: one standard mmengine runner a phase."""

from .lifelong_runner import LifelongRunner

__all__ = ["LifelongRunner"]
