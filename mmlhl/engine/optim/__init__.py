"""How steps are taken, beside what mmengine has."""

from .amp_optim_wrapper import AmpOptimWrapper
from .bfloat16_optim_wrapper import Bfloat16OptimWrapper

__all__ = ["AmpOptimWrapper", "Bfloat16OptimWrapper"]
