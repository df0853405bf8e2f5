"""How steps are taken, beside what mmengine has."""

from .bfloat16_optim_wrapper import Bfloat16OptimWrapper

__all__ = ["Bfloat16OptimWrapper"]
