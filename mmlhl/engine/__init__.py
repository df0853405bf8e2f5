"""Running sequences of phases: runners, hooks, and their support code.

- ``phases/``: from the text of a config to phases, the plain config of each, and all checks before
  phase one.
- ``runners/``: the sequence, one standard mmengine runner per phase. Imports no hooks.
- ``hooks/``: a method's events in a phase, and the phase's result. ``optim/``: steps in bfloat16.
- ``labelling``: the teacher's pseudo labels of a phase's images, if labels are stored.
- ``finishing``, ``adopting``: the end of a phase, whether trained or a finished model;
  ``recording`` adds it to the record, ``progress`` finds where a sequence starts or resumes.
- ``fingerprints``, ``resume_changes``, ``edited_config``: the parts of a config that decide a
  phase's results, and the handling of edits when a sequence is resumed.
- ``locking``: one command per work dir; ``heartbeats``: which process of a distributed run hangs;
  ``lost_workers``: loading processes that were killed; ``interrupted``: the message of Ctrl-C.
- ``logs/``: the one log, event files and live display of a sequence.
- ``learner``: the model inside a runner. ``cpu_distributed``: several processes without a GPU.

This package imports models, datasets and evaluation, never analysis, inference or tools.
"""

from ..checkpoints import register_safe_globals
from .cpu_distributed import close_distributed, prepare_distributed
from .hooks import LifelongPhaseHook, PhaseResultHook
from .optim import AmpOptimWrapper
from .phases import Phase, parse_phases, phase_config
from .runners import LifelongRunner

__all__ = [
    "AmpOptimWrapper",
    "LifelongPhaseHook",
    "LifelongRunner",
    "Phase",
    "PhaseResultHook",
    "close_distributed",
    "parse_phases",
    "phase_config",
    "prepare_distributed",
    "register_safe_globals",
]
