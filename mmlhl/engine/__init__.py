"""Running sequences of phases: runners, hooks, and what mmengine needs around them."""

from ..checkpoints import register_safe_globals
from .cpu_distributed import close_distributed, prepare_distributed
from .hooks import LifelongPhaseHook
from .phases import Phase, parse_phases, phase_config
from .runners import LifelongRunner

__all__ = [
    "LifelongPhaseHook",
    "LifelongRunner",
    "Phase",
    "close_distributed",
    "parse_phases",
    "phase_config",
    "prepare_distributed",
    "register_safe_globals",
]
