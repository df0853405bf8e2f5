"""Hooks that make a training run a phase of a sequence.

``LifelongPhaseHook`` passes a phase's events to the method, ``PhaseResultHook`` saves, evaluates
and records the phase; ``FiniteHook`` stops on NaN and infinity; ``TrainingFactsHook`` stores the
preprocessing and classes of the training in checkpoints and compares them; ``HeartbeatHook`` names
a process that hangs; ``step_edits`` lets a method change gradients and weights; ``NetworkHook``
compiles networks. Only ``RankStateHook`` reads another hook, ``FiniteHook``.

A sequence's runner adds the hooks that make training resumable: ``ReproducibleHook`` (random
numbers, position in the data), ``RankStateHook`` (state of each process), ``PhaseCheckpointHook``
(files), ``MissedValidationHook``, ``StopRequestHook`` (signals), and ``ProgressHook`` (log and
display).
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
