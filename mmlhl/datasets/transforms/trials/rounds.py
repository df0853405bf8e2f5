"""Rounds of trying an unknown transform: copies of it, and the random numbers that it draws."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from ..witness import add_witness, read_witness, same_source
from .own_draws import own_generators, put_back, same_states, seed_all, states
from .system_draws import system_draws

TRIALS = 12
MORE_TRIALS = 36
"""Further trials of a transform that draws random numbers and has moved nothing yet."""
_RARE = (
    (1514, 1146, 1042, 1004),
    (2172, 1989, 2469, 1074),
    (309, 368, 94, 25),
    (1075, 545, 1289, 852),
    (655, 1, 2011, 498),
    (345, 24, 225, 1704),
)
"""Seeds of Python, numpy, torch and numpy's newer generators for the first of these trials.

The first, second or third number that is then drawn from [0, 1) is below 0.001 and above 0.999, by
turns."""
RARE_TRIALS = len(_RARE)
_CHANCES = ("p", "prob", "probability", "chance", "rate")

Pair: TypeAlias = tuple[Callable, Callable]


class MovedAlone(ValueError):
    """A transform moved an image without its labels, or some of them without the others."""


class Rounds:
    """The trials of a transform, more of them if it may do something else in another one.

    Its random numbers are very small and very large ones in some of the further trials, and its
    ``prob`` is 1 in half of them, so that seldom moves are made.

    Args:
        step: The transform, which does not change, since copies of it are used.

    Attributes:
        draws: Whether it draws random numbers, as far as is known.
        moves: Whether it has moved something, so that no further trials are needed.
    """

    def __init__(self, step: Callable) -> None:
        self._usual, self._sure = pair_of(step), _sure_pair(step)
        self.draws = bool(own_generators(step))
        self.moves = False

    def __iter__(self) -> Iterator[tuple[int, Pair | None]]:
        """Number of the trial, and the copies to try; None if it cannot be copied."""
        for trial in range(TRIALS + MORE_TRIALS):
            if trial == TRIALS and (self.moves or not (self.draws or self._sure)):
                return
            yield trial, self._sure if self._sure and trial >= TRIALS and trial % 2 else self._usual


def pair_of(step: Callable) -> Pair | None:
    """Two copies, which draw the same numbers even from a generator inside the transform.

    Returns:
        The copies; None if something in it cannot be copied.
    """
    try:
        return copy.deepcopy(step), copy.deepcopy(step)
    except Exception:
        return None


def _sure_pair(step: Callable) -> Pair | None:
    """Two copies with every probability set to 1; None if the transform has no such attribute."""
    pair, sure = pair_of(step), False
    for each in pair or ():
        for key, value in list(getattr(each, "__dict__", {}).items()):
            chance = key.strip("_") in _CHANCES or key.endswith(("_prob", "_p", "_chance"))
            if chance and isinstance(value, float) and 0 < value < 1:
                setattr(each, key, 1.0)
                sure = True
    return pair if sure else None


def seeds_of(trial: int) -> tuple[int, ...]:
    """Seeds of a trial, for Python, numpy, torch and numpy's newer generators."""
    rare = TRIALS <= trial < TRIALS + RARE_TRIALS
    return _RARE[trial - TRIALS] if rare else (trial,) * 4


def _first_of_system(trial: int) -> Literal["any", "least", "greatest"]:
    """What the system's first number is in a trial."""
    if trial < TRIALS:
        return "any"
    return "least" if trial < TRIALS + RARE_TRIALS else "greatest" if trial % 3 == 0 else "any"


def draw_like(trial: int) -> None:
    """Seed Python, numpy and torch for a trial; transforms run on the CPU only."""
    python, numpy, pytorch, _ = seeds_of(trial)
    random.seed(python)
    np.random.seed(numpy)
    torch.default_generator.manual_seed(pytorch)


def run_trial(step: Callable, results: dict, trial: int) -> tuple[dict, bool] | None:
    """Run a transform on a trial sample.

    Args:
        step: The transform.
        results: The sample, which the transform may change.
        trial: Seed of its random numbers.

    Returns:
        The sample after the transform, and whether numbers were drawn; None if the transform failed
        or gives no image, as it may need more than the sample has.

    Raises:
        MovedAlone: By a watched transform inside this one.
    """
    draw_like(trial)
    untouched = drawn()
    draw_like(trial)
    own = own_generators(step)
    before = states(own)
    seed_all(own, seeds_of(trial))
    seeded = states(own)
    try:
        with system_draws(seeds_of(trial)[3], _first_of_system(trial)) as from_system:
            moved = step(results)
        if not isinstance(moved["img"], np.ndarray):
            return None
    except MovedAlone:
        raise
    except Exception:
        return None
    finally:
        drew = not same_states(states(own), seeded)
        put_back(own, before)  # those of a module are not copied with the transform
    return moved, drew or bool(from_system) or drawn() != untouched


class Both(NamedTuple):
    """A sample after a transform, without and with spots.

    Attributes:
        plain: The one without.
        spotted: The one with spots.
        source: Source of its labels without spots, see :func:`~..witness.read_witness`.
        alike: Whether that with spots is the same; it is not where a label decides what moves, as
            in a paste.
        drew: Whether random numbers were drawn.
    """

    plain: dict
    spotted: dict
    source: np.ndarray | None
    alike: bool
    drew: bool


def try_both(
    pair: Pair | None, plain: dict, spotted: dict, trial: int, name: str | None = None
) -> Both | None:
    """Run a transform on a sample without and with spots, with the same random numbers.

    Args:
        pair: Copies of the transform; None if it has none.
        plain: The sample, which the transform may change.
        spotted: The same with spots.
        trial: Seed of the random numbers.
        name: Name of the transform, to refuse one whose labels cannot be followed; None if that is
            no matter.

    Returns:
        What became of them; None if the transform failed.

    Raises:
        ValueError: If labels cannot be followed, and ``name`` is given.
    """
    if pair is None:
        return None
    found = []
    for step, results in zip(pair, (plain, spotted), strict=True):
        before = add_witness(results)
        tried = run_trial(step, results, trial)
        if tried is None:
            return None
        try:
            found.append((*tried, read_witness(tried[0], before, name or "")))
        except Exception:
            if name is not None:
                raise
            return None
    (one, drew, source), (other, _, again) = found
    return Both(one, other, source, same_source(source, again), drew)


def drawn() -> tuple[float, float, float]:
    """The next number of each generator, which shows whether others have been drawn before."""
    return random.random(), np.random.rand(), float(torch.rand(1))
