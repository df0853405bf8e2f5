"""What makes a training run a phase of a sequence.

``LifelongPhaseHook`` is the method's life in a phase, ``PhaseResultHook`` the phase's result;
``TrainingFactsHook`` writes into checkpoints what they were trained with, and compares;
``step_edits`` lets a method change gradients and weights. No hook reads another.
"""

from .finite_hook import FiniteHook, NotFinite
from .lifelong_phase_hook import LifelongPhaseHook
from .phase_result_hook import PhaseResultHook
from .training_facts_hook import TrainingFactsHook

__all__ = [
    "FiniteHook",
    "LifelongPhaseHook",
    "NotFinite",
    "PhaseResultHook",
    "TrainingFactsHook",
]
