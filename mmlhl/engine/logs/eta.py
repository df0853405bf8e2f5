"""Remaining time of a phase and of the whole sequence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta


def sequence_seconds(
    phase: float,
    later: Sequence[int],
    step: float,
    evaluations: int = 0,
    evaluation: float = 0.0,
) -> float:
    """Seconds until the whole sequence is done.

    Steps of later phases are assumed to take as long as in the present phase, evaluations as long
    as the last one.

    Args:
        phase: Remaining seconds of training in the present phase.
        later: Steps of each later phase; 0 for one that is not trained.
        step: Seconds per step in the present phase.
        evaluations: Number of phases still to be evaluated, the present one included.
        evaluation: Seconds of the last evaluation; 0 if there was none.
    """
    return phase + sum(later) * step + evaluations * evaluation


def known_steps(steps: Sequence[int | None], present: int) -> list[int]:
    """Steps of phases, with that of the present phase where the length is unknown.

    Args:
        steps: Steps of each phase, None if unknown.
        present: Steps of the present phase.
    """
    return [present if count is None else count for count in steps]


def clock(seconds: float) -> str:
    """Format seconds as in mmengine's log lines, ``1 day, 2:03:04``."""
    return str(timedelta(seconds=max(0, int(seconds))))
