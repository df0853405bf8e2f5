"""Optimiser wrappers that mmengine does not have."""

from .amp_optim_wrapper import AmpOptimWrapper

__all__ = ["AmpOptimWrapper"]
