"""What makes a training run a phase of a sequence.

``LifelongPhaseHook`` is the method's life in a phase, ``PhaseResultHook`` the phase's result;
``TrainingFactsHook`` writes into checkpoints what they were trained with, and compares;
``HeartbeatHook`` names a process that hangs; ``step_edits`` lets a method change gradients
and weights; ``NetworkHook`` compiles networks. No hook reads another.

A sequence's runner adds what makes training resumable: ``ReproducibleHook`` (draws, place in the
data), ``RankStateHook`` (what differs between processes), ``PhaseCheckpointHook`` (files),
``MissedValidationHook`` and ``StopRequestHook`` (signals), and ``ProgressHook`` (log and display).
"""

from .finite_hook import FiniteHook, NotFinite
from .heartbeat_hook import HeartbeatHook
from .lifelong_phase_hook import LifelongPhaseHook
from .missed_validation_hook import MissedValidationHook
from .network_hook import NetworkHook
from .phase_checkpoint_hook import PhaseCheckpointHook
from .phase_result_hook import PhaseResultHook
from .progress_hook import ProgressHook
from .rank_state_hook import RankStateHook
from .reproducible_hook import ReproducibleHook
from .stop_request_hook import StopRequestHook
from .training_facts_hook import TrainingFactsHook

__all__ = [
    "FiniteHook",
    "HeartbeatHook",
    "LifelongPhaseHook",
    "MissedValidationHook",
    "NetworkHook",
    "NotFinite",
    "PhaseCheckpointHook",
    "PhaseResultHook",
    "ProgressHook",
    "RankStateHook",
    "ReproducibleHook",
    "StopRequestHook",
    "TrainingFactsHook",
]
