"""How steps are taken, beside what mmengine has."""

from .amp_optim_wrapper import AmpOptimWrapper

__all__ = ["AmpOptimWrapper"]
