"""Running sequences of phases: runners, hooks, and what mmengine needs around them.

- ``phases/``: the text of a config to phases, the plain config of each, and what is refused
  before phase one.
- ``runners/``: the sequence, one standard mmengine runner per phase. Imports nothing from a hook.
- ``hooks/``: a method's life in a phase, and the phase's result. ``optim/``: steps in bfloat16.
- ``labelling``: the teacher labels a phase's images, where labels are stored.
- ``finishing``, ``adopting``: how a phase ends, be it trained or a finished model;
  ``recording`` writes it down, ``progress`` says where a sequence starts or goes on.
- ``fingerprints``, ``resume_changes``, ``edited_config``: what of a config decides a phase's
  results, and what becomes of an edit when a sequence is resumed.
- ``locking``: one command per work dir; ``orphans``: processes that end with their parent;
  ``heartbeats``: which process of a distributed run hangs;
  ``interrupted``: what Ctrl-C says.
- ``logs/``: the one log, event files and live display of a sequence.
- ``learner``: the model inside a runner. ``cpu_distributed``: several processes without a GPU.

Imports models, datasets and evaluation, never analysis, inference or tools.
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
