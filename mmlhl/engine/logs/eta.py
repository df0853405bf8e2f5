"""How long a phase and the whole sequence still take."""

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

    A step of a later phase counts as long as one of the present, an evaluation as long as the last.

    Args:
        phase: Seconds that the present phase still trains.
        later: Steps of each phase after it; 0 for one that trains nothing.
        step: Seconds that a step takes now.
        evaluations: How many phases still have to be evaluated, the present one included.
        evaluation: Seconds that the last evaluation took; 0 while there was none.
    """
    return phase + sum(later) * step + evaluations * evaluation


def known_steps(steps: Sequence[int | None], present: int) -> list[int]:
    """Steps of phases; one whose length is not known counts as long as the present phase.

    Args:
        steps: Steps of each phase, None where it is not known.
        present: Steps of the present phase.
    """
    return [present if count is None else count for count in steps]


def clock(seconds: float) -> str:
    """Seconds as mmengine's log lines have them, ``1 day, 2:03:04``."""
    return str(timedelta(seconds=max(0, int(seconds))))
