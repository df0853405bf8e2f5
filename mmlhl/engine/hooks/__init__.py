"""What makes a training run a phase of a sequence.

``LifelongPhaseHook`` is the method's life in a phase, ``PhaseResultHook`` the phase's result;
``step_edits`` lets a method change gradients and weights. Neither hook reads the other.
"""

from .lifelong_phase_hook import LifelongPhaseHook
from .phase_result_hook import PhaseResultHook

__all__ = ["LifelongPhaseHook", "PhaseResultHook"]
