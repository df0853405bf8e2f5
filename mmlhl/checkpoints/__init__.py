"""Checkpoint files: which classes they may name, and how their weights are called.

Models, engine and tools all read checkpoints, so this room lies below them: it imports torch and
mmengine, and nothing of mmlhl.
"""

from .safe_globals import register_safe_globals
from .weights import stored_tasks, weights_of

register_safe_globals()

__all__ = ["register_safe_globals", "stored_tasks", "weights_of"]
