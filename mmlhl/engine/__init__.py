"""Running sequences of phases: runners, hooks, and what mmengine needs around them."""

from .cpu_distributed import prepare_distributed
from .safe_globals import register_safe_globals

register_safe_globals()

__all__ = ["prepare_distributed", "register_safe_globals"]
