from .lifelong_phase_hook import LifelongPhaseHook

__all__ = ["LifelongPhaseHook"]
